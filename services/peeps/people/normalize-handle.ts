/**
 * A handle in the one form in which it is looked up. Phone numbers are E.164 where libphonenumber holds them for valid
 * (it forms one even of junk); what is not valid stays as written, marked `raw:`. Short codes, sender names and mailboxes
 * of machines belong to businesses, not to people.
 */
import { createHash } from "node:crypto";
import { parsePhoneNumberFromString, type CountryCode } from "libphonenumber-js/max";
import { personLimits } from "../contract/limits.ts";

export type HandleKind = "phone" | "email" | "username";

export interface Handle {
  kind: HandleKind;
  /** Unique with its kind: `+46701234567`, `ida@example.org`, `telegram:ida`. */
  norm: string;
  /** As written. */
  raw: string;
  isBusiness: boolean;
}

export interface HandleOptions {
  /** Of numbers without a country code: ISO 3166, `SE`. */
  region?: string | undefined;
}

const machines =
  /^(?:no-?reply|do-?not-?reply|mailer-daemon|postmaster|notifications?|news(?:letter)?|alerts?|bounces?|info|support|billing)(?:[+.-].*)?@/;

/** Undefined: nothing is left of it. */
export function normalizeHandle(
  written: { kind: HandleKind; value: string; service?: string | undefined },
  { region }: HandleOptions = {},
): Handle | undefined {
  const raw = written.value
    .normalize("NFC")
    .replaceAll(/[\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "")
    .trim();
  if (raw === "") return undefined;
  if (written.kind === "email") return bounded(toEmail(raw));
  if (written.kind === "phone") return bounded(toPhone(raw, region));
  const service = (written.service ?? "im").toLowerCase();
  const norm = `${service}:${raw.replace(/^@/, "").toLowerCase()}`;
  return bounded({ kind: "username", norm, raw, isBusiness: false });
}

/** What is longer than a handle may be (a word stands before it, small letters are several) is known by its hash. */
function bounded(handle: Handle): Handle {
  const { norm } = handle;
  if (norm.length <= personLimits.handleMax) return handle;
  const before = /^[^:]{1,60}:/.exec(norm)?.[0] ?? "raw:";
  return { ...handle, norm: `${before}${createHash("sha256").update(norm).digest("hex")}` };
}

function toEmail(raw: string): Handle {
  const address = raw.toLowerCase();
  const isValid = /^[^\s@<>]+@[^\s@<>]+\.[^\s@<>.]+$/.test(address);
  return { kind: "email", norm: isValid ? address : `raw:${address}`, raw, isBusiness: machines.test(address) };
}

function toPhone(raw: string, region: string | undefined): Handle {
  const number = parsePhoneNumberFromString(raw, region as CountryCode | undefined);
  if (number?.isValid() === true) {
    const isBusiness = ["TOLL_FREE", "PREMIUM_RATE", "SHARED_COST"].includes(number.getType() ?? "");
    // An extension is another person of the same number.
    return {
      kind: "phone",
      norm: number.ext === undefined ? number.number : `${number.number};ext=${number.ext}`,
      raw,
      isBusiness,
    };
  }
  const digits = raw.replaceAll(/[^\d+]/g, "");
  const isShort = /^\d{3,6}$/.test(digits) && digits === raw.replaceAll(/[\s-]/g, "");
  if (isShort) return { kind: "phone", norm: `short:${digits}`, raw, isBusiness: true };
  if (digits === "") return { kind: "phone", norm: `name:${raw.toLowerCase()}`, raw, isBusiness: true };
  return { kind: "phone", norm: `raw:${digits}`, raw, isBusiness: false };
}
