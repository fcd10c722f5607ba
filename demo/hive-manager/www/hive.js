'use strict';

// The web interface: a table of guests, and help. Files come from /usr/share/hive-manager/www.
(function () {
    // Shown to people, run by nobody.
    const help = "Start a guest on its node with '/usr/sbin/hive guest start ID'.";
    const emptyDisk = '/dev/disk/by-id/example';

    const show = (id, text) => {
        document.getElementById(id).textContent = text;
    };

    const row = (id, guest) => {
        const line = document.createElement('tr');
        for (const text of [id, guest.name, guest.arch || 'x86_64', guest.pool]) {
            const cell = document.createElement('td');
            cell.textContent = text;
            line.append(cell);
        }
        return line;
    };

    const load = async () => {
        const reply = await fetch('/api/guests');
        const { data } = await reply.json();
        const body = document.getElementById('guests');
        body.replaceChildren(...Object.keys(data).sort().map((id) => row(id, data[id])));
        show('help', `${help} Disks look like ${emptyDisk}.`);
    };

    document.addEventListener('DOMContentLoaded', () => {
        load().catch((err) => show('help', `No answer: ${err.message}. See /var/log/hiveproxyd.`));
    });
})();
