/** Where secrets stand, by the beginning of their reference. A new kind of place is one more entry. */
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { isAbsolute, join } from "node:path";
import { promisify } from "node:util";
import { RoostError } from "@roost/base";

export interface SecretSources {
  /** The environment of the process, from its config. */
  env: Readonly<Record<string, string | undefined>>;
  homeDir: string;
}

export const secretBytesMax = 16_384;
/** 1Password may ask the person to unlock it. */
const commandMsMax = 30_000;

type ReadSecret = (name: string, place: { reference: string; sources: SecretSources }) => Promise<string>;

const readers: Readonly<Record<string, ReadSecret>> = {
  env: async (name, { reference, sources: { env } }) =>
    env[name] ?? refuse(`${reference}: the environment has no ${name}: set it, or change ${reference}`),
  file: async (name, { reference, sources }) => (await readBytes(name, reference, sources)).toString("utf8"),
  age: readAge,
  op: readOnePassword,
};

/** As it stands there, spaces and line breaks included. @throws RoostError `invalid_input` when there is none; never shows a value */
export async function readSecret(reference: string, sources: SecretSources): Promise<string> {
  const [kind = "", ...rest] = reference.split(":");
  const read = Object.hasOwn(readers, kind) ? readers[kind] : undefined;
  if (read === undefined) refuse("a secret is written as env:NAME, file:PATH, age:PATH or op:VAULT/ITEM/FIELD");
  return await read(rest.join(":"), { reference, sources });
}

async function readBytes(name: string, reference: string, { homeDir }: SecretSources): Promise<Buffer> {
  const path = isAbsolute(name) ? name : join(homeDir, name);
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    refuse(`${reference}: ${path} cannot be read: ${(cause as NodeJS.ErrnoException).code}`, cause);
  }
  if (bytes.length > 0 && bytes.length <= secretBytesMax) return bytes;
  refuse(`${reference}: ${path} must hold the secret alone, 1 to ${secretBytesMax} bytes`);
}

/** A file that is encrypted with age (age-encryption.org), armored or not. Its identity is in the file that ROOST_AGE_IDENTITY names. */
async function readAge(name: string, { reference, sources }: Parameters<ReadSecret>[1]): Promise<string> {
  const identity = sources.env["ROOST_AGE_IDENTITY"];
  if (identity === undefined || identity === "")
    refuse(`${reference}: set ROOST_AGE_IDENTITY to the file with the age identity that it is encrypted for`);
  const [encrypted, keys] = await Promise.all([
    readBytes(name, reference, sources),
    readBytes(identity, reference, sources),
  ]);
  // Loaded when it is needed: few homes have such a secret.
  const { armor, Decrypter } = await import("age-encryption");
  try {
    const decrypter = new Decrypter();
    for (const line of keys.toString("utf8").split("\n"))
      if (line.startsWith("AGE-SECRET-KEY-")) decrypter.addIdentity(line.trim());
    const isArmored = encrypted.subarray(0, 5).toString("latin1") === "-----";
    return await decrypter.decrypt(isArmored ? armor.decode(encrypted.toString("utf8")) : encrypted, "text");
  } catch {
    // What the library says may quote an identity.
    refuse(`${reference}: it cannot be decrypted with the identities of ${identity}`);
  }
}

/** By 1Password's own program, which asks the person where it must. */
async function readOnePassword(
  name: string,
  { reference, sources: { env } }: Parameters<ReadSecret>[1],
): Promise<string> {
  const options = { env: { ...env }, timeout: commandMsMax, maxBuffer: secretBytesMax };
  try {
    const { stdout } = await promisify(execFile)("op", ["read", "--no-newline", `op://${name}`], options);
    return stdout;
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    // Its error has what it printed.
    refuse(
      `${reference}: ${isMissing ? "the program op of 1Password is not installed" : "op read failed: unlock 1Password, or sign in with op signin"}`,
    );
  }
}

function refuse(message: string, cause?: unknown): never {
  throw new RoostError("invalid_input", message, { cause });
}
