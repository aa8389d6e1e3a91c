/** Servers as others write them, where they are installed: Dovecot (Debian: dovecot-imapd), Radicale (PyPI: radicale). */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { delay } from "@roost/base";
import { freePort } from "@roost/base/testing";

/** Undefined: it is not installed on this machine. */
export function findProgram(...names: readonly string[]): string | undefined {
  return names.find((name) => spawnSync(name, ["--version"]).error === undefined);
}

export interface TestServer {
  port: number;
  directory: string;
  restart(): Promise<void>;
}

const nobody = 65_534;

/** Speaks IMAP without TLS to this machine; mailboxes are Maildirs below `mail/USER`. Any user, password `secret`. */
export async function startDovecot(t: TestContext, program: string): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "dovecot-"));
  const port = await freePort();
  const isRoot = process.getuid?.() === 0;
  const [uid, gid] = isRoot ? [nobody, nobody] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  // Debian's package makes these for a Dovecot that root starts.
  const [user, loginUser] = isRoot ? ["dovecot", "dovenull"] : [userInfo().username, userInfo().username];
  mkdirSync(join(directory, "mail"));
  chmodSync(directory, 0o755);
  chownSync(join(directory, "mail"), uid, gid);
  const config = join(directory, "dovecot.conf");
  writeFileSync(
    config,
    `base_dir = ${directory}/run
log_path = ${directory}/log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = ${user}
default_login_user = ${loginUser}
mail_location = maildir:${directory}/mail/%u
passdb { 
  driver = static
  args = password=secret
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${directory}/mail/%u
}
namespace inbox {
  inbox = yes
  mailbox Sent { 
    auto = create
    special_use = \\Sent
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = 0
  }
}
service anvil {
  chroot =
}
`,
  );
  return await startServer(t, () => spawn(program, ["-F", "-c", config], { stdio: "ignore" }), { port, directory });
}

/** Writes as ida, whose password is `secret`. @throws Error when the server refuses it */
export async function putDav(
  { port }: Pick<TestServer, "port">,
  path: string,
  { method = "PUT", body, type }: { method?: string; body: string; type: string },
): Promise<void> {
  const headers = { authorization: `Basic ${Buffer.from("ida:secret").toString("base64")}`, "content-type": type };
  const { status } = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers, body });
  if (status >= 300) throw new Error(`${method} ${path}: ${status}`);
}

/** CardDAV for any user, password unchecked, collections below `/USER/`. */
export async function startRadicale(t: TestContext, program: string): Promise<TestServer> {
  const directory = mkdtempSync(join(tmpdir(), "radicale-"));
  const port = await freePort();
  const users = join(directory, "users");
  writeFileSync(users, "ida:secret\n");
  const storage = ["--hosts", `127.0.0.1:${port}`, "--storage-filesystem-folder", join(directory, "collections")];
  const logins = ["--auth-type", "htpasswd", "--auth-htpasswd-filename", users, "--auth-htpasswd-encryption", "plain"];
  const args = [...storage, ...logins];
  return await startServer(t, () => spawn(program, args, { stdio: "ignore" }), { port, directory });
}

async function startServer(
  t: TestContext,
  start: () => ChildProcess,
  { port, directory }: { port: number; directory: string },
): Promise<TestServer> {
  let server = start();
  const end = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    server.kill("SIGTERM");
    await once(server, "exit");
  };
  const isUp = async (): Promise<void> => {
    for (let tries = 0; !(await answers(port)); tries += 1) {
      if (tries > 200 || server.exitCode !== null) throw new Error(`the server in ${directory} did not start`);
      await delay(50);
    }
  };
  t.after(async () => {
    await end();
    rmSync(directory, { recursive: true, force: true });
  });
  await isUp();
  return {
    port,
    directory,
    async restart() {
      await end();
      server = start();
      await isUp();
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = connect(port, "127.0.0.1");
  return await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  }).finally(() => socket.destroy());
}
