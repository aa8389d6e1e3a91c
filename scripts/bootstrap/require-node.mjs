// Imported first by every script, so that an old Node says what is wrong instead of failing later. Must run on Node 12.
const nodeMajorMin = 20;

if (Number(process.versions.node.split(".")[0]) < nodeMajorMin) {
  console.error(
    "Roost needs Node " +
      nodeMajorMin +
      " or newer to install its own; this is " +
      process.version +
      " (" +
      process.execPath +
      "). Install a newer one from https://nodejs.org and run the command again",
  );
  process.exit(1);
}
