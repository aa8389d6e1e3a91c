/** Logs in to an IMAP server. What is opened there is opened for reading only, by those who read. */
import { RoostError } from "@roost/base";
import { ImapFlow, type ImapFlowOptions } from "imapflow";
import { isThisMachine } from "../servers/is-this-machine.ts";
import { namesOf, wordOf } from "../source-item.ts";
import { mailLimits } from "./parse-mail.ts";

export interface MailServer {
  host: string;
  port: number;
  user: string;
  /** TLS from the first byte; else STARTTLS, without which only this machine is spoken to. */
  isSecure: boolean;
  password: string;
  /** Beside the system's: of a server of one's own. */
  ca?: string | undefined;
}

const mailboxesMax = 50;
/** Of one answer without a mail, such as the numbers that a search finds. */
const lineBytesMax = 4 * 1024 * 1024;
const tokensMax = 100_000;
const connectMsMax = 20_000;
const silentMsMax = 60_000;

/** A client that is not connected yet, so that its owner can listen to it first. @param mailBytesMax Of one mail that is asked for; more is no answer */
export function createMailClient(
  { host, port, user, isSecure, password, ca }: MailServer,
  { mailBytesMax = mailLimits.bytesMax }: { mailBytesMax?: number } = {},
): ImapFlow {
  const literalBytesMax = mailBytesMax + 1024;
  const options: ImapFlowOptions = {
    host,
    port,
    secure: isSecure,
    ...(isSecure || isThisMachine(host) ? {} : { doSTARTTLS: true }),
    auth: { user, pass: password },
    logger: false,
    ...(ca === undefined ? {} : { tls: { ca } }),
    maxIdleTime: 10 * 60_000,
    connectionTimeout: connectMsMax,
    socketTimeout: 11 * silentMsMax,
    // A few bytes would become many.
    disableCompression: true,
    maxLineLength: lineBytesMax,
    maxLiteralSize: literalBytesMax,
    maxResponseSize: lineBytesMax + literalBytesMax,
    maxResponseTokens: tokensMax,
  };
  return new ImapFlow(options);
}

/** @throws RoostError `forbidden`: the server refuses the login. */
export async function logIn(client: ImapFlow, { host, user }: MailServer): Promise<void> {
  try {
    await client.connect();
  } catch (error) {
    if ((error as { authenticationFailed?: boolean }).authenticationFailed === true)
      throw new RoostError(
        "forbidden",
        `${host} refuses the login of ${user}: look at the secret that holds its password`,
      );
    throw error;
  }
}

/** Those that are wanted; where none are, INBOX and, on demand, what the server calls sent. @throws RoostError `not_found`: it has no such mailbox */
export async function chooseMailboxes(
  client: ImapFlow,
  wanted: readonly string[],
  { withSent }: { withSent: boolean },
): Promise<string[]> {
  if (wanted.length === 0 && !withSent) return ["INBOX"];
  const there = await client.list();
  if (wanted.length === 0) {
    const sent = there.filter(({ specialUse }) => specialUse === String.raw`\Sent`).map(({ path }) => path);
    return ["INBOX", ...sent].slice(0, mailboxesMax);
  }
  const missing = wanted.find((name) => !there.some(({ path }) => path === name));
  if (missing !== undefined)
    throw new RoostError(
      "not_found",
      `there is no mailbox ${missing}: there are ${namesOf(there.map(({ path }) => path))}`,
    );
  return wanted.slice(0, mailboxesMax);
}

/** Of all answers of one visit: a server that never ends is left. */
const visitBytesMax = 64 * 1024 * 1024;
const meteredEveryMs = 100;
const farewellMsMax = 1_000;

export interface VisitOptions {
  signal: AbortSignal;
  mailBytesMax?: number;
}

/** Logged in as long as `work` takes. @throws RoostError as `work` does, `forbidden`: the login is refused, `unavailable` */
export async function visitMailServer<Found>(
  server: MailServer,
  { signal, ...limits }: VisitOptions,
  work: (client: ImapFlow) => Promise<Found>,
): Promise<Found> {
  signal.throwIfAborted();
  const client = createMailClient(server, limits);
  let fault: unknown;
  // Without a listener an error of the connection would end the process; the call that waits hears only that it is gone.
  client.on("error", (error) => (fault ??= error));
  const stop = () => client.close();
  signal.addEventListener("abort", stop, { once: true });
  let isEndless = false;
  const meter = setInterval(() => {
    if (client.stats().received <= visitBytesMax) return;
    isEndless = true;
    stop();
  }, meteredEveryMs);
  try {
    await logIn(client, server);
    const found = await work(client);
    await leave(client);
    return found;
  } catch (cause) {
    signal.throwIfAborted();
    if (cause instanceof RoostError) throw cause;
    const reason = isEndless ? `it answers with more than ${visitBytesMax} bytes` : reasonOf(fault ?? cause);
    throw new RoostError("unavailable", `${server.host} cannot be read: ${reason}`, { cause });
  } finally {
    signal.removeEventListener("abort", stop);
    clearInterval(meter);
    client.close();
  }
}

/** What was read is read, however long the server takes to say goodbye. */
async function leave(client: ImapFlow): Promise<void> {
  const patience = AbortSignal.timeout(farewellMsMax);
  const tired = new Promise<void>((resolve) => patience.addEventListener("abort", () => resolve(), { once: true }));
  await Promise.race([client.logout().catch(() => undefined), tired]);
}

function reasonOf(cause: unknown): string {
  const { responseText, message } = cause as { responseText?: unknown; message?: unknown };
  if (typeof responseText === "string" && responseText !== "") return wordOf(responseText);
  return wordOf(typeof message === "string" ? message : String(cause));
}
