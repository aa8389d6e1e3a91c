/** What a person sees of the mailboxes and calendars that heartbeats look at: how the last look went, and whether one would work now. */
import { RoostError, toRoostError } from "@roost/base";
import { clipText } from "@roost/contract/operations";
import { wordOf } from "@roost/sources";
import type { Memory } from "../memory.ts";
import { davServerOf, mailServerOf } from "./mail-server-of.ts";
import { readSource, sourcesOf, type OutsideSource, type SourceRow } from "./source-row.ts";

export interface ListedSource extends Pick<OutsideSource, "name" | "kind"> {
  /** With its login. */
  server: string;
  /** Undefined: it was not looked at yet. */
  row: SourceRow | undefined;
}

export async function listSources(memory: Memory): Promise<ListedSource[]> {
  const listed = sourcesOf(memory).map(async (source) => ({
    name: source.name,
    kind: source.kind,
    server: source.settings.imap ?? `${source.settings.caldav} (${source.settings.user})`,
    row: await readSource(memory.kernel.database, source),
  }));
  return await Promise.all(listed);
}

export interface TriedSource extends Pick<OutsideSource, "name" | "kind"> {
  /** What stands there, or why it fails: it may hold words of the server. */
  text: string;
  /** Undefined: it works. */
  next?: string;
}

const tryMsMax = 20_000;
const textCharsMax = 500;

/** Each is logged in to, at once. */
export async function trySources(
  memory: Memory,
  { resolveSecret, signal }: { resolveSecret: (reference: string) => Promise<string>; signal: AbortSignal },
): Promise<TriedSource[]> {
  const tried = sourcesOf(memory).map(async (source): Promise<TriedSource> => {
    const { name, kind } = source;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(tryMsMax)]);
    try {
      const text = await trySource(memory, source, {
        password: await resolveSecret(source.settings.secret),
        signal: limited,
      });
      return { name, kind, text: clipText(text, textCharsMax) };
    } catch (cause) {
      signal.throwIfAborted();
      const error = limited.aborted
        ? new RoostError("unavailable", `no answer within ${tryMsMax / 1000} seconds`)
        : toRoostError(cause);
      return { name, kind, text: wordOf(error.message, textCharsMax), next: nextStep(source, error) };
    }
  });
  return await Promise.all(tried);
}

async function trySource(
  memory: Memory,
  source: OutsideSource,
  { password, signal }: { password: string; signal: AbortSignal },
): Promise<string> {
  const { mailboxes, calendars } = source.settings;
  // Clients of IMAP and CalDAV take longer to load than most homes need, which name neither.
  if (source.kind === "mail") {
    const { tryMailboxes } = await import("@roost/sources/try-mailboxes");
    const found = await tryMailboxes(await mailServerOf(memory, source, password), { mailboxes, signal });
    return found.map(({ name, count }) => `${name}: ${count} ${count === 1 ? "mail" : "mails"}`).join(", ");
  }
  const { tryCalendars } = await import("@roost/sources/try-calendars");
  return (await tryCalendars(davServerOf(source, password), { calendars, signal })).join(", ");
}

function nextStep({ name, kind, settings }: OutsideSource, { code }: RoostError): string {
  const setting = `heartbeat.sources.${name} in roost.yaml`;
  const address = settings.imap === undefined ? "caldav" : "imap";
  if (code === "forbidden")
    return `look at ${address}, user and secret of ${setting}: many providers want a password of its own for each program`;
  if (code === "not_found" && kind === "mail") return `correct mailboxes of ${setting}`;
  if (code === "not_found") return `correct calendars of ${setting}`;
  return `look whether ${address} of ${setting} is right, and whether this machine reaches that server`;
}
