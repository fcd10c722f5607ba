<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Hive: [% node %]</title>
    <script src="/www/hive.js"></script>
  </head>
  <body>
    <h1>[% node %]</h1>
    <table><tbody id="guests"></tbody></table>
    <p id="help"></p>
  </body>
</html>
