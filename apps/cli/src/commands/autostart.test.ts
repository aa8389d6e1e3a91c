/** With programs in place of systemctl and launchctl that write down how they were called. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { openAutostart } from "../autostart/open-autostart.ts";
import { runRoost } from "../testing/run-roost.ts";

async function createPlace(context: TestContext, script = "exit 0") {
  const place = await mkdtemp(join(tmpdir(), "roost-autostart-"));
  context.after(() => rm(place, { recursive: true, force: true }));
  await mkdir(join(place, "bin"));
  for (const name of ["systemctl", "launchctl"])
    await writeFile(join(place, "bin", name), `#!/bin/sh\necho "$@" >>"${place}/calls"\n${script}\n`, { mode: 0o755 });
  const home = join(place, "home");
  const environment = { HOME: place, ROOST_HOME: home, PATH: join(place, "bin"), XDG_CONFIG_HOME: "" };
  const calls = async () => (await readFile(join(place, "calls"), "utf8")).trim().split("\n");
  return { place, home, environment, calls };
}

const isLinux = process.platform === "linux";

test(
  "roost autostart install writes a unit, keeps the settings of this environment and starts the home",
  { skip: !isLinux },
  async (context) => {
    const { place, home, environment, calls } = await createPlace(context);
    await mkdir(home);
    await writeFile(join(home, "roost.yaml"), 'models:\n  - { apiKey: "env:MY_KEY" }\n#  - "env:OTHER"\n');
    const given = {
      ...environment,
      ROOST_PORT: "7801",
      MY_KEY: "k 1",
      OTHER: "no",
      KAFKA_PASSWORD: "p",
      ROOST_TOKEN: "secret",
    };
    const { code, stdout } = await runRoost(["autostart", "install"], { environment: given });
    assert.equal(code, 0);
    assert.match(stdout, /Kept for its start: ROOST_PORT, KAFKA_PASSWORD, MY_KEY\n/);
    const { name, file } = JSON.parse((await runRoost(["autostart", "status", "--json"], { environment })).stdout) as {
      name: string;
      file: string;
    };
    assert.equal(file, join(place, ".config/systemd/user", name));
    const kept = join(home, ".roost/autostart.env");
    assert.equal(await readFile(kept, "utf8"), 'ROOST_PORT="7801"\nKAFKA_PASSWORD="p"\nMY_KEY="k 1"\n');
    assert.equal((await stat(kept)).mode & 0o777, 0o600);
    assert.deepEqual((await calls()).slice(0, 4), [
      "--user show-environment",
      "--user daemon-reload",
      `--user enable ${name}`,
      `--user restart ${name}`,
    ]);
    const removed = await runRoost(["autostart", "remove"], { environment });
    assert.match(removed.stdout, /^Removed /);
    assert.ok((await calls()).includes(`--user disable --now ${name}`));
    assert.deepEqual([existsSync(file), existsSync(kept)], [false, false]);
    assert.match((await runRoost(["autostart", "remove"], { environment })).stdout, /is not installed/);
  },
);

test(
  "roost autostart install prints the unit where systemd cannot be reached, and installs nothing",
  { skip: !isLinux },
  async (context) => {
    const { place, environment } = await createPlace(context, "echo no bus >&2; exit 1");
    for (const path of [environment.PATH, place]) {
      const { code, stdout, stderr } = await runRoost(["autostart", "install"], {
        environment: { ...environment, PATH: path },
      });
      assert.equal(code, 69);
      assert.match(
        stderr,
        /systemd of this user cannot be reached, so nothing was installed \((?:no bus|there is no systemctl)\)/,
      );
      assert.match(stdout, /^\[Unit\][^]*WantedBy=default\.target\n$/);
    }
    assert.equal(existsSync(join(place, ".config")), false);
  },
);

test(
  "roost autostart install leaves nothing behind when systemd refuses the unit, and status says so",
  { skip: !isLinux },
  async (context) => {
    const refusing = 'case "$2" in enable) echo bad unit >&2; exit 1 ;; esac';
    const { home, environment, calls } = await createPlace(context, refusing);
    const { code, stdout, stderr } = await runRoost(["autostart", "install"], { environment });
    assert.deepEqual([code, stdout], [69, ""]);
    assert.match(stderr, /bad unit/);
    const { stdout: status } = await runRoost(["autostart", "status", "--json"], { environment });
    const { name, file, isInstalled } = JSON.parse(status) as { name: string; file: string; isInstalled: boolean };
    assert.deepEqual(
      [isInstalled, existsSync(file), existsSync(join(home, ".roost/autostart.env"))],
      [false, false, false],
    );
    assert.deepEqual((await calls()).slice(2, 5), [
      `--user enable ${name}`,
      `--user disable --now ${name}`,
      "--user daemon-reload",
    ]);
  },
);

test("openAutostart() loads and unloads an agent by launchd on macOS, and refuses other systems", async (context) => {
  const { place, home, environment, calls } = await createPlace(context);
  const options = {
    homeDir: home,
    userDir: place,
    configDir: place,
    script: "/r/roost",
    settings: {},
    environment,
    userId: 501,
  };
  const own = openAutostart({ ...options, platform: "darwin" });
  const { name, file } = own.unit;
  await own.install({ startsNow: true });
  assert.match(await readFile(file.path, "utf8"), /<string>\/r\/roost<\/string>/);
  assert.deepEqual(await calls(), [`bootout gui/501/${name}`, `bootstrap gui/501 ${file.path}`]);
  assert.deepEqual([await own.remove(), existsSync(file.path)], [true, false]);
  const refusing = await createPlace(context, '[ "$1" = bootout ]');
  const other = openAutostart({ ...options, environment: refusing.environment, platform: "darwin" });
  await assert.rejects(other.install({ startsNow: true }), { code: "unavailable" });
  assert.equal(existsSync(file.path), false);
  assert.throws(() => openAutostart({ ...options, platform: "win32" }), { code: "unavailable", message: /WSL/ });
});
