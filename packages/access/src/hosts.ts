/** Hosts that a code has brought in: how one joins, what it says of itself, and which there are. A host is put out by revoking its token. */
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { RoostError } from "@roost/base";
import { raiseNotice, type Kernel, type KernelTransaction } from "@roost/kernel";
import type { MadeToken } from "./create-token.ts";
import { insertPaired } from "./pair-device.ts";
import { dropHostLogins, lockLoginsOf, type HostLogin } from "./host-login.ts";
import { findAttempt, readOpenPairing, redeemPairing, type Pairing } from "./pairing.ts";

/** What brings a host in. */
export const hostPurpose = "host";

export interface HostSays {
  version: string;
  /** By its clock. */
  at: Date;
}

export interface JoinedHost {
  /** Of its token. */
  id: string;
  name: string;
  version: string;
  skewMs: number;
  doing: string[];
  scopes: string[];
  joinedAt: Date;
  seenAt: Date;
  /** One of its logins is connected for a gateway. */
  isGateway: boolean;
}

/** What gateways call themselves at the database; a connection that listens has more behind it. */
export const gatewayApplication = "roost gateway";

export interface JoiningHost extends HostSays {
  code: string;
  name: string;
  /** Known to this host alone: with it the same code answers again, where the answer was lost on its way. */
  attempt?: string | undefined;
  /** In the transaction that makes its token: logins for what its scopes say. */
  makeLogins: (tx: KernelTransaction, host: { name: string; scopes: readonly string[] }) => Promise<HostLogin[]>;
}

export interface MadeHost extends MadeToken {
  /** None: it runs nothing. */
  logins: HostLogin[];
}

/**
 * Makes the token of a host that brought its code, and the logins of its processes, in the transaction that uses the code. Undefined for a code that
 * does not count.
 * @throws RoostError as createToken and makeLogins
 */
export async function joinHost(
  kernel: Kernel,
  { code, name, attempt, makeLogins, ...says }: JoiningHost,
): Promise<MadeHost | undefined> {
  const { made, locked } = await kernel.transact(async (tx) => {
    const again = attempt === undefined ? undefined : await findAttempt(tx, { code, attempt });
    const locked = again === undefined ? [] : await withdraw(tx, again);
    const pairing = again ?? (await redeemPairing(tx, { purpose: hostPurpose, code, attempt }));
    if (pairing === undefined) return { made: undefined, locked };
    const token = await insertPaired(tx, kernel, { pairing, kind: "host", wished: pairing.name ?? name });
    const logins = await makeLogins(tx, token.token);
    await recordHost(tx, kernel, { token, pairing, says, logins });
    return { made: { ...token, logins }, locked };
  });
  await dropHostLogins(kernel.database, locked);
  return made;
}

/**
 * Other logins for what a host runs, for the database that the home has now. Those that it had open nothing from the same commit on. Repeating it gives
 * others again.
 * @throws RoostError `forbidden` for a host that is not in force; as makeLogins
 */
export async function renewLogins(
  kernel: Kernel,
  { name, makeLogins }: Pick<JoiningHost, "name" | "makeLogins">,
): Promise<HostLogin[]> {
  const { before, logins } = await kernel.transact(async (tx) => {
    // The token first, as all that put a host out: a host is put out before this, or after it with what this makes.
    const [host] = await tx.query<{ id: string; scopes: string[] }>(
      `select t.id, t.scopes from access.host h join access.token t on t.id = h.token
       where t.name = $1 and t.kind = 'host' and t.revoked_at is null for update of t, h`,
      [name],
    );
    if (host === undefined) throw new RoostError("forbidden", `there is no host ${name}: bring it in with roost join`);
    const { id, scopes } = host;
    const before = await lockLoginsOf(tx, [id]);
    const logins = await makeLogins(tx, { name, scopes });
    const made = logins.map(({ roleName }) => roleName);
    await tx.query("update access.host set role_names = $2 where token = $1", [id, made]);
    return { before, logins };
  });
  await dropHostLogins(kernel.database, before);
  return logins;
}

/** What a code would bring, without using it. A wrong one counts as in joinHost. */
export async function lookAtHostCode(kernel: Kernel, { code }: { code: string }): Promise<Pairing | undefined> {
  return kernel.transact((tx) => readOpenPairing(tx, { purpose: hostPurpose, code }));
}

/** The answer to it was lost: what it made is put out in the same transaction. Returns the logins that are locked, to be dropped afterwards. */
async function withdraw(tx: KernelTransaction, { id }: Pairing): Promise<string[]> {
  const made = await tx.query<{ id: string }>(
    `update access.token t set revoked_at = roost.now(), revoked_by = 'host:' || t.name from access.host h
     where h.token = t.id and h.pairing = $1 and t.revoked_at is null returning t.id`,
    [id],
  );
  return await lockLoginsOf(
    tx,
    made.map((token) => token.id),
  );
}

async function recordHost(
  tx: KernelTransaction,
  kernel: Kernel,
  {
    token: { token },
    pairing,
    says,
    logins,
  }: { token: MadeToken; pairing: Pairing; says: HostSays; logins: HostLogin[] },
): Promise<void> {
  const row = [token.id, says.version, skewOf(kernel, says.at), pairing.id];
  await tx.query("insert into access.host (token, version, skew_ms, pairing) values ($1, $2, $3, $4)", row);
  const made = logins.map(({ roleName }) => roleName);
  // A gateway elsewhere makes no logins, and may name none.
  if (made.length > 0) await tx.query("update access.host set role_names = $2 where token = $1", [token.id, made]);
  const data = { tokenId: token.id, name: token.name, version: says.version, pairingId: pairing.id };
  const causation = emit(tx, "host.joined", data);
  const logs = logins.map(({ of }) => of).join(", ");
  const reach = logins.some(({ of }) => of === "gateways")
    ? ", which read all that the home knows and let others in"
    : logins.some(({ of }) => of === "workers")
      ? ", which read all that the home knows"
      : "";
  const more = logins.length === 0 ? "" : ` and logins of its own for ${logs}${reach}`;
  const text = `Host ${token.name} joined the home, with ${token.scopes.join(" ")}${more}. If that was not you: roost hosts remove ${token.name}`;
  raiseNotice(tx, { level: "info", text, source: "gateway", causation });
}

/** What a joined host says of itself. `isDrained`: by the caller's rule for its version. @throws RoostError `not_found` */
export async function reportHost(
  kernel: Kernel,
  { name, version, at, doing, isDrained }: HostSays & { name: string; doing: readonly string[]; isDrained: boolean },
): Promise<void> {
  await kernel.transact(async (tx) => {
    const [before] = await tx.query<{ id: string; version: string }>(
      `select t.id, h.version from access.host h join access.token t on t.id = h.token
       where t.name = $1 and t.kind = 'host' and t.revoked_at is null for update of h`,
      [name],
    );
    if (before === undefined)
      throw new RoostError("not_found", `there is no host ${name}: bring it in with roost join`);
    await tx.query(
      "update access.host set version = $2, skew_ms = $3, doing = $4, seen_at = roost.now() where token = $1",
      [before.id, version, skewOf(kernel, at), doing],
    );
    if (before.version !== version) emit(tx, "host.changed", { tokenId: before.id, name, version, isDrained });
  });
}

/** Those in force, by name; there are fewer than tokens may be. */
export async function listJoinedHosts(kernel: Kernel): Promise<JoinedHost[]> {
  return kernel.database.query<JoinedHost>(
    `select t.id, t.name, h.version, h.skew_ms as "skewMs", h.doing, t.scopes, h.joined_at as "joinedAt", h.seen_at as "seenAt",
       exists (select from pg_stat_activity a where a.usename = any (h.role_names) and starts_with(a.application_name, $1)) as "isGateway"
     from access.host h join access.token t on t.id = h.token where t.revoked_at is null order by t.name`,
    [gatewayApplication],
  );
}

function skewOf(kernel: Kernel, at: Date): number {
  return at.getTime() - kernel.clock.nowMs();
}

function emit(
  tx: KernelTransaction,
  type: string,
  data: { tokenId: string; [field: string]: string | boolean },
): string {
  return tx.emit({ type, subject: data.tokenId, labels: formatLabels(mainLabels), data });
}
