/** Why a file of a home cannot be read or written. Only what needs that file is affected. */
import { RoostError, type ErrorCode } from "@roost/base";

export class FileFault extends RoostError {
  /** Completes a sentence that names the file: "it is a folder, not a file". */
  readonly reason: string;
  /** What is there cannot be Roost's: not a regular file, or larger than Roost writes. */
  readonly isForeign: boolean;

  constructor(
    absolute: string,
    fault: { code: ErrorCode; reason: string; isForeign?: boolean; cause?: unknown; advice?: string | undefined },
  ) {
    const { code, reason, isForeign = false, cause, advice } = fault;
    super(code, `${absolute}: ${reason}${advice === undefined ? "" : `: ${advice}`}`, { cause });
    this.name = "FileFault";
    this.reason = reason;
    this.isForeign = isForeign;
  }
}

type Meaning = Pick<FileFault, "code" | "reason" | "isForeign">;

const meanings = new Map<string | undefined, Meaning>([
  ["ELOOP", { code: "forbidden", reason: "it is a link, or a link to itself", isForeign: true }],
  ["ENOTDIR", { code: "invalid_input", reason: "a part of its path is a file, not a folder", isForeign: true }],
  ["EISDIR", { code: "invalid_input", reason: "it is a folder, not a file", isForeign: true }],
  ["ENXIO", { code: "invalid_input", reason: "it is a socket or a device, not a file", isForeign: true }],
  ["ENODEV", { code: "invalid_input", reason: "it is a socket or a device, not a file", isForeign: true }],
  ["ENAMETOOLONG", { code: "invalid_input", reason: "its name is too long for this disk", isForeign: true }],
  ["EACCES", { code: "forbidden", reason: "this user may not use it (permission denied)", isForeign: false }],
  ["EPERM", { code: "forbidden", reason: "this user may not use it (operation not permitted)", isForeign: false }],
  ["EROFS", { code: "forbidden", reason: "its disk is mounted read-only", isForeign: false }],
  ["EXDEV", { code: "forbidden", reason: "it is on another disk than the home's .roost", isForeign: false }],
  ["ENOSPC", { code: "limit_exceeded", reason: "the disk is full", isForeign: false }],
  ["EDQUOT", { code: "limit_exceeded", reason: "the disk quota is used up", isForeign: false }],
  ["EFBIG", { code: "limit_exceeded", reason: "it is larger than this disk allows", isForeign: false }],
  ["EIO", { code: "internal", reason: "the disk reports an input/output error", isForeign: false }],
]);

/** Converts an operating system error about this file; other errors are returned unchanged. */
export function toFileFault(thrown: unknown, absolute: string): unknown {
  if (thrown instanceof RoostError || !(thrown instanceof Error)) return thrown;
  const { code, syscall } = thrown as NodeJS.ErrnoException;
  if (code === undefined || syscall === undefined) return thrown;
  // A limit of the process, not of the file.
  if (code === "EMFILE" || code === "ENFILE")
    return new RoostError("unavailable", `${absolute}: too many files are open: try again`, { cause: thrown });
  const meaning = meanings.get(code) ?? { code: "internal", reason: thrown.message, isForeign: false };
  return new FileFault(absolute, { ...meaning, cause: thrown });
}
