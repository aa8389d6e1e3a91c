/** Who takes a lock or does something once: this process of this host, and no other that ever was. */
import { basename } from "node:path";
import { hostname, userInfo } from "node:os";
import { createId } from "@roost/base";

export function nameHolder(): string {
  return `${userName()}@${hostname().slice(0, 60)}:${process.pid}:${createId().slice(-8)}`;
}

/** The program's name alone: arguments may hold secrets, and a purpose is shown to others. */
export function describePurpose(command: readonly string[]): string {
  return basename(command[0] ?? "").slice(0, 200);
}

function userName(): string {
  try {
    return userInfo().username.slice(0, 32);
  } catch {
    return "user";
  }
}
