# pcf-to-hex.pl FONT.pcf
#
# Writes a font of 16 rows in Unifont's own format: the character's number and its bits, 8 or 16 a row, in hexadecimal
# with a colon between, by number. A glyph whose box is smaller stands where its metrics say.
#
# The X11 Portable Compiled Format: a directory of tables, each with a format word that gives its byte order, the order
# of bits and how rows are padded; metrics and bitmaps by glyph, encodings from character to glyph.
use strict;
use warnings;

my ($rows, $ascent) = (16, 14);
my ($METRICS, $BITMAPS, $ENCODINGS) = (1 << 2, 1 << 3, 1 << 5);
my ($COMPRESSED, $BIG_BYTES, $BIG_BITS) = (0x100, 1 << 2, 1 << 3);

open(my $file, '<:raw', $ARGV[0]) or die "$ARGV[0]: $!\n";
my $pcf = do { local $/; <$file> };
my ($magic, $count) = unpack('a4 V', $pcf);
die "$ARGV[0]: no PCF font\n" if $magic ne "\1fcp";
my %table;
for my $index (0 .. $count - 1) {
    my ($type, $format, $size, $offset) = unpack('V4', substr($pcf, 8 + 16 * $index, 16));
    $table{$type} = substr($pcf, $offset, $size);
}

# A table's format word, which is always little-endian, and what follows it.
sub opened {
    my ($type) = @_;
    my $table = $table{$type} // die "$ARGV[0]: table $type is lacking\n";
    return (unpack('V', $table), substr($table, 4));
}
sub order { return $_[0] & $BIG_BYTES ? '>' : '<' }

# [left, right, advance, ascent, descent] of each glyph.
sub metrics {
    my ($format, $data) = opened($METRICS);
    my $order = order($format);
    if ($format & $COMPRESSED) {
        my $glyphs = unpack("S$order", $data);
        return map { [map { $_ - 128 } unpack('C5', substr($data, 2 + 5 * $_, 5))] } 0 .. $glyphs - 1;
    }
    my $glyphs = unpack("l$order", $data);
    return map { [unpack("s${order}5", substr($data, 4 + 12 * $_, 12))] } 0 .. $glyphs - 1;
}

# The rows of each glyph, as strings of 0 and 1.
sub bitmaps {
    my (@metrics) = @_;
    my ($format, $data) = opened($BITMAPS);
    my $order = order($format);
    my $pad = 8 << ($format & 3);
    my $unit = 1 << (($format >> 4) & 3);
    my $glyphs = unpack("l$order", $data);
    my @offsets = unpack("l$order$glyphs", substr($data, 4));
    my $bits = substr($data, 4 + 4 * $glyphs + 16);
    return map {
        my ($left, $right, undef, $up, $down) = @{ $metrics[$_] };
        my $width = int(($right - $left + $pad - 1) / $pad) * $pad / 8;
        my $offset = $offsets[$_];
        [map { row(substr($bits, $offset + $width * $_, $width), $format, $unit, $right - $left) } 0 .. $up + $down - 1];
    } 0 .. $glyphs - 1;
}

sub row {
    my ($bytes, $format, $unit, $width) = @_;
    # Bytes of a unit stand the other way where the two orders differ.
    $bytes = join('', map { scalar reverse } unpack("(a$unit)*", $bytes))
        if !!($format & $BIG_BYTES) != !!($format & $BIG_BITS);
    return substr(unpack($format & $BIG_BITS ? 'B*' : 'b*', $bytes), 0, $width);
}

# A glyph in Unifont's box.
sub boxed {
    my ($metrics, $bits) = @_;
    my ($left, $right, $advance, $up) = @$metrics;
    # A combining character has no advance, yet a box.
    my $columns = ($advance || $right) > 8 ? 16 : 8;
    my @box = ('0' x $columns) x $rows;
    for my $row (0 .. $#$bits) {
        my $place = $ascent - $up + $row;
        next if $place < 0 || $place >= $rows;
        my $line = $left < 0 ? substr($bits->[$row], -$left) : ('0' x $left) . $bits->[$row];
        $box[$place] = substr($line . '0' x $columns, 0, $columns);
    }
    return uc(join('', map { unpack('H*', pack('B*', $_)) } @box));
}

my @metrics = metrics();
my @bitmaps = bitmaps(@metrics);
my ($format, $data) = opened($ENCODINGS);
my $order = order($format);
my ($first2, $last2, $first1, $last1) = unpack("s${order}4", $data);
my @glyphs = unpack("S$order*", substr($data, 10));
for my $byte1 ($first1 .. $last1) {
    for my $byte2 ($first2 .. $last2) {
        my $glyph = shift(@glyphs) // die "$ARGV[0]: the encodings end early\n";
        next if $glyph == 0xffff;
        printf("%04X:%s\n", $byte1 << 8 | $byte2, boxed($metrics[$glyph], $bitmaps[$glyph]));
    }
}
