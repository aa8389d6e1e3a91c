import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "plist";
import { describeLaunchdAgent, describeSystemdUnit } from "./start-units.ts";

const given = {
  homeDir: "/u/.roost",
  userDir: "/u",
  configDir: "/u/.config",
  script: "/opt/roost/roost",
  settings: { ROOST_PORT: "7800", OPENAI_API_KEY: 'a"b\\c$d&<e>' },
};

test("describeSystemdUnit() starts the clone's roost for the home, and keeps keys out of the unit", () => {
  const { name, file, settingsFile } = describeSystemdUnit(given);
  assert.deepEqual([name, file.path], ["roost.service", "/u/.config/systemd/user/roost.service"]);
  assert.deepEqual(file.text.match(/^\[.*$/gm), ["[Unit]", "[Service]", "[Install]"]);
  for (const line of [
    'Environment="ROOST_HOME=/u/.roost"',
    "EnvironmentFile=-/u/.roost/.roost/autostart.env",
    'ExecStart="/opt/roost/roost" up',
    "Restart=on-failure",
    "RestartPreventExitStatus=64 73",
    "WantedBy=default.target",
  ])
    assert.ok(file.text.split("\n").includes(line), line);
  assert.ok(!file.text.includes("7800"));
  assert.equal(settingsFile?.text, 'ROOST_PORT="7800"\nOPENAI_API_KEY="a\\"b\\\\c$d&<e>"\n');
});

test("describeSystemdUnit() quotes what systemd would read as something else", () => {
  const { file } = describeSystemdUnit({ ...given, homeDir: '/u/100% "mine"', script: "/opt/$x y/roost" });
  assert.match(file.text, /^Environment="ROOST_HOME=\/u\/100%% \\"mine\\""$/m);
  assert.match(file.text, /^EnvironmentFile=-\/u\/100%% "mine"\/\.roost\/autostart\.env$/m);
  assert.match(file.text, /^ExecStart="\/opt\/\$\$x y\/roost" up$/m);
});

test("describeLaunchdAgent() writes a property list with the settings, escaped", () => {
  const { name, file, settingsFile } = describeLaunchdAgent(given);
  assert.deepEqual(
    [name, file.path, settingsFile],
    ["dev.roost.roost", "/u/Library/LaunchAgents/dev.roost.roost.plist", undefined],
  );
  assert.match(file.text, /<string>\/opt\/roost\/roost<\/string>\n {4}<string>up<\/string>/);
  assert.match(file.text, /<key>OPENAI_API_KEY<\/key>\n {4}<string>a"b\\c\$d&amp;&lt;e&gt;<\/string>/);
  assert.match(file.text, /<key>RunAtLoad<\/key>\n {2}<true\/>/);
});

test("services of different homes have different names, also where the homes are called alike", () => {
  const names = ["/u/.roost", "/a/my home", "/b/my home", "/.roost"].map(
    (homeDir) => describeSystemdUnit({ ...given, homeDir }).name,
  );
  assert.equal(new Set(names).size, 4);
  for (const name of names) assert.match(name, /^roost[a-zA-Z0-9-]*\.service$/);
});

test("describeLaunchdAgent() starts another command of roost beside the home, as a property list that is read as it was meant", () => {
  const words = ["peeps", "watch", "imessage", "--db", "/u/a <b> & 'c'/chat.db"];
  const { name, file } = describeLaunchdAgent({ ...given, words, purpose: "watch-imessage" });
  assert.equal(file.path, `/u/Library/LaunchAgents/${name}.plist`);
  assert.deepEqual(parse(file.text), {
    Label: "dev.roost.roost-watch-imessage",
    ProgramArguments: ["/opt/roost/roost", ...words],
    EnvironmentVariables: { ROOST_HOME: "/u/.roost", ...given.settings },
    RunAtLoad: true,
    KeepAlive: { SuccessfulExit: false },
    ThrottleInterval: 30,
    ExitTimeOut: 90,
    StandardOutPath: "/u/.roost/.roost/logs/watch-imessage.log",
    StandardErrorPath: "/u/.roost/.roost/logs/watch-imessage.log",
  });
});

test("describeSystemdUnit() keeps the settings of another command in a file of its own", () => {
  const words = ["peeps", "watch", "mail", "imaps://me%40x@h"];
  const { name, file, settingsFile } = describeSystemdUnit({ ...given, words, purpose: "watch-mail" });
  assert.deepEqual(
    [name, settingsFile?.path],
    ["roost-watch-mail.service", "/u/.roost/.roost/autostart-watch-mail.env"],
  );
  assert.match(file.text, /^ExecStart="\/opt\/roost\/roost" peeps watch mail "imaps:\/\/me%%40x@h"$/m);
});
