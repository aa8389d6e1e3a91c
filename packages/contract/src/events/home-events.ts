/** Topic `home`: changes of files and states. The subject is the path or the state's name. */
import { z } from "zod";
import { defineEvent } from "../define-event.ts";
import { Count, Id, Json, Name, Reason, SessionKey, SessionKind, Text } from "../records/fields.ts";
import { HomePath as Path, Sha256 } from "../records/file.ts";
import { ImportReport } from "../records/home-record.ts";

const topic = "home";
const version = 1;
const author = {
  by: Name,
  runId: Id.optional(),
  sessionKey: SessionKey.optional(),
  sessionKind: SessionKind.optional(),
};

/** Written by Roost, for a session or a person. */
export const fileWritten = defineEvent({
  type: "file.written",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({ ...author, path: Path, sha256: Sha256, previousSha256: Sha256.optional(), bytes: Count }),
});

/** Changed by something else: recorded, never overwritten. */
export const fileEdited = defineEvent({
  type: "file.edited",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({
    path: Path,
    change: z.enum(["created", "changed", "deleted"]),
    by: Name.optional().describe("Of what was brought, restored or deleted through Roost"),
    sha256: Sha256.optional(),
    previousSha256: Sha256.optional(),
    bytes: Count.optional(),
  }),
});

/** Its content, too large to be recorded with the change itself, is in the object store: a version of it. */
export const fileKept = defineEvent({
  type: "file.kept",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({ path: Path, sha256: Sha256, previousSha256: Sha256.optional(), bytes: Count }),
});

/** An old version of a large file was removed from the object store. */
export const fileDropped = defineEvent({
  type: "file.dropped",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({
    path: Path,
    sha256: Sha256,
    bytes: Count,
    limit: z.enum(["count", "bytes"]).describe("Which limit of retention.largeFiles it was beyond"),
  }),
});

/** A person took the mark from lines of it: they vouch for what stands there. */
export const fileTrusted = defineEvent({
  type: "file.trusted",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({
    by: Name,
    path: Path,
    sha256: Sha256,
    lineCount: Count,
    fromLine: Count.optional(),
    toLine: Count.optional(),
    sources: z.array(Name).max(200).describe("What the mark named"),
  }),
});

/** Could not be read or written, and is set aside. */
export const fileFailed = defineEvent({
  type: "file.failed",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({ path: Path, reason: Reason }),
});

/** The problem is gone. */
export const fileRecovered = defineEvent({
  type: "file.recovered",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({ path: Path }),
});

export const stateChanged = defineEvent({
  type: "state.changed",
  version,
  topic,
  subject: "name of the state",
  schema: z.object({
    ...author,
    name: Name,
    stateVersion: Count,
    value: Json,
    previousSha256: Sha256.optional(),
    note: Reason.optional(),
  }),
});

export const factRemembered = defineEvent({
  type: "fact.remembered",
  version,
  topic,
  subject: "path in the home",
  schema: z.object({
    ...author,
    text: Text,
    path: Path.optional(),
    factId: Id.optional(),
    extractor: Name.optional(),
    subject: Name.optional(),
    attribute: Name.optional(),
    value: Name.optional(),
    isClaim: z.boolean().optional().describe("Nothing follows from it until a person accepts it"),
    corrects: Id.optional().describe("The fact that was wrong"),
  }),
});

/** It does not hold any more, or never did. */
export const factClosed = defineEvent({
  type: "fact.closed",
  version,
  topic,
  subject: "id of the fact",
  schema: z.object({
    by: Name,
    factId: Id,
    replacedBy: Id.optional(),
    until: Text.optional().describe("When it ended; without it: it never held"),
    reason: Reason.optional(),
  }),
});

/** A person vouches for what others claimed. */
export const factAccepted = defineEvent({
  type: "fact.accepted",
  version,
  topic,
  subject: "id of the fact",
  schema: z.object({ by: Name, factId: Id, sources: z.array(Name).max(200).describe("What its labels named") }),
});

/** Another home, or a folder, was taken over. */
export const importDone = defineEvent({
  type: "import.done",
  version,
  topic,
  subject: "where it is from",
  schema: z.object({ by: Name, source: Name, report: ImportReport }),
});

/** Everything of the home was written in open formats. */
export const exportDone = defineEvent({
  type: "export.done",
  version,
  topic,
  schema: z.object({ by: Name, fileCount: Count, leftOutCount: Count }),
});

export const homeEvents = [
  importDone,
  exportDone,
  fileWritten,
  fileEdited,
  fileKept,
  fileDropped,
  fileTrusted,
  fileFailed,
  fileRecovered,
  stateChanged,
  factRemembered,
  factClosed,
  factAccepted,
] as const;
