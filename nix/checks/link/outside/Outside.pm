package Outside;
sub name { return 'outside' }
1;
