/** Hosts that a code has brought in: how one joins, what it says of itself, and which there are. A host is put out by revoking its token. */
import { formatLabels, mainLabels } from "@roost/contract/labels";
import { RoostError } from "@roost/base";
import { raiseNotice, type Kernel, type KernelTransaction } from "@roost/kernel";
import type { MadeToken } from "./create-token.ts";
import { insertPaired } from "./pair-device.ts";
import { redeemPairing } from "./pairing.ts";

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
}

/**
 * Makes the token of a host that brought its code, in the transaction that uses the code. Undefined for a code that does not count.
 * @throws RoostError as createToken
 */
export async function joinHost(
  kernel: Kernel,
  { code, name, ...says }: HostSays & { code: string; name: string },
): Promise<MadeToken | undefined> {
  return kernel.transact(async (tx) => {
    const pairing = await redeemPairing(tx, { purpose: hostPurpose, code });
    if (pairing === undefined) return undefined;
    const made = await insertPaired(tx, kernel, { pairing, kind: "host", wished: pairing.name ?? name });
    const { token } = made;
    await tx.query("insert into access.host (token, version, skew_ms) values ($1, $2, $3)", [
      token.id,
      says.version,
      skewOf(kernel, says.at),
    ]);
    const data = { tokenId: token.id, name: token.name, version: says.version, pairingId: pairing.id };
    const causation = emit(tx, "host.joined", data);
    const text = `Host ${token.name} joined the home, with ${token.scopes.join(" ")}. If that was not you: roost hosts remove ${token.name}`;
    raiseNotice(tx, { level: "info", text, source: "gateway", causation });
    return made;
  });
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
    `select t.id, t.name, h.version, h.skew_ms as "skewMs", h.doing, t.scopes, h.joined_at as "joinedAt", h.seen_at as "seenAt"
     from access.host h join access.token t on t.id = h.token where t.revoked_at is null order by t.name`,
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
