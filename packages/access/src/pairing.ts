/**
 * Codes by which a device, or a chat of a channel, becomes the person's: read from one screen and typed into another. Each counts once and for five
 * minutes; ten wrong ones make those that are open void.
 */
import { createHash, randomInt } from "node:crypto";
import { RoostError } from "@roost/base";
import { formatLabels, mainLabels } from "@roost/contract/labels";
import type { Kernel, KernelTransaction } from "@roost/kernel";
import { hashToken } from "./create-token.ts";

export interface Pairing {
  id: string;
  /** `device`, or `channel:<name>`. */
  purpose: string;
  name: string | null;
  scopes: string[];
  createdBy: string;
  expiresAt: Date;
}

export interface NewPairing {
  purpose: string;
  name?: string | undefined;
  scopes?: readonly string[] | undefined;
  by: string;
}

export const pairingMsMax = 5 * 60_000;
/** Wrong codes after which the open ones are void: a guess then hits with a chance of one in a hundred thousand million. */
export const wrongCodesMax = 10;
/** Open at a time, for all purposes. */
const openMax = 20;
/** Without letters and digits that look alike. */
const alphabet = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const codeChars = 8;
const keptDays = 90;

const columns = `id, purpose, name, scopes, created_by as "createdBy", expires_at as "expiresAt"`;

/** The code is told here and nowhere else. @throws RoostError `limit_exceeded` */
export async function createPairing(kernel: Kernel, given: NewPairing): Promise<{ pairing: Pairing; code: string }> {
  const { purpose, name, scopes = [], by } = given;
  const code = Array.from({ length: codeChars }, () => alphabet[randomInt(alphabet.length)]).join("");
  const pairing = await kernel.transact(async (tx) => {
    await tx.query(
      `delete from access.pairing p where created_at < roost.now() - $1 * interval '1 day'
       and not exists (select from access.host h where h.pairing = p.id)`,
      [keptDays],
    );
    const [open] = await tx.query<{ count: number }>(
      "select count(*)::int as count from access.pairing where used_at is null and void_at is null and expires_at > roost.now()",
    );
    if ((open?.count ?? 0) >= openMax)
      throw new RoostError("limit_exceeded", `${openMax} codes are open (the limit): use them, or wait five minutes`);
    const [made] = await tx.query<Pairing>(
      `insert into access.pairing (id, purpose, name, scopes, code_sha256, created_by, expires_at)
       values ($1, $2, $3, $4, $5, $6, roost.now() + $7 * interval '1 millisecond') returning ${columns}`,
      [kernel.createId(), purpose, name ?? null, scopes, hashCode(code), by, pairingMsMax],
    );
    emit(tx, "pairing.created", made!, { by, scopes: [...scopes] });
    return made!;
  });
  return { pairing, code: `${code.slice(0, 4)}-${code.slice(4)}` };
}

interface GivenCode {
  purpose: string;
  code: string;
}

const openSql = "purpose = $1 and used_at is null and void_at is null and expires_at > roost.now()";

/**
 * Uses a code, in the transaction of what it brings. Undefined: it is not known, was used, or is too old; a wrong one counts against those of its
 * purpose that are open, so the transaction is to be committed then too. `attempt`: known to the caller alone, for findAttempt.
 */
export async function redeemPairing(
  tx: KernelTransaction,
  { purpose, code, attempt }: GivenCode & { attempt?: string | undefined },
): Promise<Pairing | undefined> {
  const [used] = await tx.query<Pairing>(
    `update access.pairing set used_at = roost.now(), attempt_sha256 = $3 where ${openSql} and code_sha256 = $2 returning ${columns}`,
    [purpose, hashCode(code), attempt === undefined ? null : hashToken(attempt)],
  );
  if (used === undefined) return await countWrongCode(tx, purpose);
  emit(tx, "pairing.used", used, {});
  return used;
}

/** As redeemPairing, without using it. */
export async function readOpenPairing(
  tx: KernelTransaction,
  { purpose, code }: GivenCode,
): Promise<Pairing | undefined> {
  const [found] = await tx.query<Pairing>(
    `select ${columns} from access.pairing where ${openSql} and code_sha256 = $2`,
    [purpose, hashCode(code)],
  );
  return found ?? (await countWrongCode(tx, purpose));
}

/** A host's code that was used by this very attempt, while it would still count. */
export async function findAttempt(
  tx: KernelTransaction,
  { code, attempt }: { code: string; attempt: string },
): Promise<Pairing | undefined> {
  const [used] = await tx.query<Pairing>(
    `select ${columns} from access.pairing
     where code_sha256 = $1 and attempt_sha256 = $2 and used_at is not null and void_at is null and expires_at > roost.now() for update`,
    [hashCode(code), hashToken(attempt)],
  );
  return used;
}

async function countWrongCode(tx: KernelTransaction, purpose: string): Promise<undefined> {
  const voided = await tx.query<Pairing & { isVoid: boolean }>(
    `update access.pairing set wrong_count = wrong_count + 1, void_at = case when wrong_count + 1 >= $2 then roost.now() end
     where ${openSql} returning ${columns}, void_at is not null as "isVoid"`,
    [purpose, wrongCodesMax],
  );
  for (const { isVoid, ...pairing } of voided)
    if (isVoid) emit(tx, "pairing.voided", pairing, { reason: `${wrongCodesMax} wrong codes were tried` });
}

/** Whether a text looks like a code: what was typed by a person who means one. */
export function isPairingCode(text: string): boolean {
  return new RegExp(`^[${alphabet}]{4}-?[${alphabet}]{4}$`, "i").test(text.trim());
}

function hashCode(code: string): string {
  return createHash("sha256").update(code.replaceAll(/[\s-]/g, "").toUpperCase()).digest("hex");
}

function emit(
  tx: KernelTransaction,
  type: string,
  { id, purpose, name }: Pairing,
  facts: { by?: string; scopes?: string[]; reason?: string },
): void {
  tx.emit({
    type,
    subject: id,
    labels: formatLabels(mainLabels),
    data: { pairingId: id, purpose, name: name ?? undefined, ...facts },
  });
}
