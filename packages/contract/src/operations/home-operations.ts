/** Files and states of the home, and what people are told and asked. */
import { z } from "zod";
import { content } from "../content.ts";
import { defineOperation } from "../define-operation.ts";
import { decidingKinds } from "../principal.ts";
import { Count, Name, pageOf, pageFields, SmallCount, Text, ref, text, Time } from "../records/fields.ts";
import {
  fileBytesMax,
  fileRangeBytesMax,
  fileTextCharsMax,
  HomeFile,
  HomeFileVersion,
  HomePath,
  PlaceInFile,
  Sha256,
  TrustedFile,
} from "../records/file.ts";
import { Notice, noticeStates, Question, questionStates } from "../records/notice.ts";
import { StateFile, StateSummary } from "../records/state.ts";

export const listFiles = defineOperation({
  id: "listFiles",
  method: "GET",
  path: "/files",
  summary: "Files of the home by path, with what of them is marked",
  input: z.object({ ...pageFields, isMarked: z.boolean().optional().describe("Only those with a mark, or without") }),
  output: pageOf(HomeFile),
  effect: "readonly",
});

export const getFile = defineOperation({
  id: "getFile",
  method: "GET",
  path: "/files/content",
  summary: "The bytes of a file of the home",
  input: z.object({ path: HomePath }),
  output: content(["text/plain", "application/octet-stream"]),
  errors: ["not_found"],
  effect: "readonly",
  access: { audience: [...decidingKinds, "host"] },
});

export const writeFile = defineOperation({
  id: "writeFile",
  method: "PUT",
  path: "/files/content",
  summary: "Writes a text file of the home over the content that the writer has seen",
  input: z.object({
    path: HomePath,
    text: text(fileTextCharsMax),
    sha256: Sha256.optional().describe("Of the content that it replaces; left out: there must be no such file"),
  }),
  output: z
    .object({
      state: z.enum(["written", "conflict"]).describe("conflict: it has changed since; merge, and write again"),
      sha256: Sha256.nullable().describe("Of what stands there now; null: nothing does"),
      text: z.string().nullable().describe("Of a conflict: what stands there now"),
    })
    .meta({ id: "WrittenFile" }),
  errors: ["forbidden", "limit_exceeded"],
  effect: "idempotent",
  access: { audience: [...decidingKinds, "host"] },
});

export const putFile = defineOperation({
  id: "putFile",
  method: "PUT",
  path: "/files/bytes",
  summary: "Writes a file of the home that need not be text, over the content that the writer has seen",
  input: z.object({
    path: HomePath,
    sha256: Sha256.optional().describe("Of the content that it replaces; left out: there must be no such file"),
    content: content(["*/*"], { bytesMax: fileBytesMax }),
  }),
  output: z
    .object({
      state: z.enum(["written", "conflict"]).describe("conflict: it has changed since"),
      sha256: Sha256.nullable().describe("Of what stands there now; null: nothing does"),
    })
    .meta({ id: "PutFile" }),
  errors: ["forbidden", "limit_exceeded"],
  effect: "idempotent",
  access: { audience: [...decidingKinds, "host"] },
});

export const hashFile = defineOperation({
  id: "hashFile",
  method: "GET",
  path: "/files/hash",
  summary: "The SHA-256 of a file of the home, of any size",
  input: z.object({ path: HomePath }),
  output: z.object({ sha256: Sha256, bytes: Count, modifiedAt: Time }).meta({ id: "FileHash" }),
  errors: ["not_found", "unavailable"],
  effect: "readonly",
  access: { audience: [...decidingKinds, "host"] },
});

export const getFileRange = defineOperation({
  id: "getFileRange",
  method: "GET",
  path: "/files/range",
  summary: "Part of a file of the home, as long as it has the content that the hash names",
  input: z.object({ path: HomePath, sha256: Sha256, from: PlaceInFile.describe("Its first byte") }),
  output: content(["application/octet-stream"], { bytesMax: fileRangeBytesMax }),
  errors: ["not_found", "conflict", "unavailable"],
  effect: "readonly",
  access: { audience: [...decidingKinds, "host"] },
});

export const putFileRange = defineOperation({
  id: "putFileRange",
  method: "PUT",
  path: "/files/range",
  summary: "Brings part of a file that is too large to go whole; the last part puts it in its place",
  input: z.object({
    path: HomePath,
    sha256: Sha256.describe("Of the whole file"),
    bytes: PlaceInFile.describe("Of the whole file"),
    from: PlaceInFile.describe("Where the part begins"),
    replaces: Sha256.optional().describe("Of the content that it replaces; left out: there must be no such file"),
    content: content(["*/*"], { bytesMax: fileRangeBytesMax }),
  }),
  output: z
    .object({
      state: z.enum(["more", "written", "conflict"]).describe("conflict: what stands there has changed since"),
      next: Count.nullable().describe("Of more: where the next part begins"),
      sha256: Sha256.nullable().describe("Of what stands there now; null: nothing does, or more is to come"),
    })
    .meta({ id: "BroughtRange" }),
  errors: ["forbidden", "limit_exceeded", "unavailable"],
  effect: "idempotent",
  needs: "home",
  access: { audience: [...decidingKinds, "host"] },
});

export const removeFile = defineOperation({
  id: "removeFile",
  method: "POST",
  path: "/files/remove",
  summary: "Removes a file of the home that has the content that the remover has seen; its versions are kept",
  input: z.object({ path: HomePath, sha256: Sha256.describe("Of the content that is removed") }),
  output: z
    .object({
      state: z.enum(["removed", "conflict"]).describe("conflict: it has changed since, and stays"),
      sha256: Sha256.nullable().describe("Of a conflict: of what stands there"),
    })
    .meta({ id: "RemovedFile" }),
  errors: ["forbidden", "conflict", "limit_exceeded"],
  effect: "idempotent",
  needs: "home",
  access: { audience: [...decidingKinds, "host"] },
});

export const listFileVersions = defineOperation({
  id: "listFileVersions",
  method: "GET",
  path: "/files/versions",
  summary: "Versions of a file of the home, the newest first; also of one that is gone",
  input: z.object({ ...pageFields, path: HomePath }),
  output: pageOf(HomeFileVersion),
  errors: ["forbidden", "unavailable"],
  effect: "readonly",
  access: { audience: [...decidingKinds, "host"] },
});

export const restoreFile = defineOperation({
  id: "restoreFile",
  method: "POST",
  path: "/files/restore",
  summary: "Puts a version in the place of a file of the home, which becomes a version itself first",
  input: z.object({
    path: HomePath,
    sha256: Sha256.describe("Of the version"),
    to: HomePath.optional().describe("Another place for it; default: its own"),
  }),
  output: z.object({ path: HomePath, sha256: Sha256, bytes: Count }).meta({ id: "RestoredFile" }),
  errors: ["not_found", "conflict", "forbidden", "limit_exceeded", "unavailable"],
  effect: "idempotent",
  needs: "home",
  access: { audience: decidingKinds },
});

export const watchFiles = defineOperation({
  id: "watchFiles",
  method: "GET",
  path: "/files/watch",
  summary: "Says that files or states of the home have changed, whenever they have",
  description: "Which, listFiles tells. The stream does not end by itself.",
  input: z.object({ after: text(400).optional() }),
  output: z.object({ at: Time }),
  effect: "readonly",
  access: { audience: [...decidingKinds, "host"] },
  stream: true,
});

export const trustFile = defineOperation({
  id: "trustFile",
  method: "POST",
  path: "/files/trust",
  summary: "Takes the mark from lines of a file: the person vouches for what stands there",
  input: z.object({
    path: HomePath,
    fromLine: SmallCount.min(1).optional().describe("From 1; the first when left out"),
    toLine: SmallCount.min(1).optional().describe("The last when left out"),
    sha256: Sha256.optional().describe("Refused when the file has another content"),
  }),
  output: z.object({ file: TrustedFile }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  needs: "home",
  access: { audience: decidingKinds, isDecision: true },
  examples: [{ summary: "One line of a note", input: { path: "memory/2026-01-31.md", fromLine: 12, toLine: 12 } }],
});

export const listStateFiles = defineOperation({
  id: "listStateFiles",
  method: "GET",
  path: "/state",
  summary: "State files by name, with their age",
  input: z.object({ ...pageFields }),
  output: pageOf(StateSummary),
  effect: "readonly",
});

export const getState = defineOperation({
  id: "getState",
  method: "GET",
  path: "/state/{name}",
  summary: "A state file's value",
  input: z.object({ name: Name.describe("`email` means memory/email-state.json") }),
  output: StateFile,
  errors: ["not_found"],
  effect: "readonly",
});

export const listQuestions = defineOperation({
  id: "listQuestions",
  method: "GET",
  path: "/questions",
  summary: "Questions of agents, newest first",
  input: z.object({ ...pageFields, state: z.enum(questionStates).optional().describe("Default: all") }),
  output: pageOf(Question),
  effect: "readonly",
});

export const answerQuestion = defineOperation({
  id: "answerQuestion",
  method: "POST",
  path: "/questions/{questionId}/answer",
  summary: "Answers a question; the waiting run continues",
  input: z.object({ questionId: ref("Question"), answer: Text.min(1) }),
  output: z.object({ question: Question }),
  errors: ["not_found", "conflict"],
  effect: "idempotent",
  access: { audience: decidingKinds, isDecision: true },
  examples: [{ summary: "Yes", input: { questionId: "0199c8a0-0000-7000-8000-000000000001", answer: "yes" } }],
});

export const listNotices = defineOperation({
  id: "listNotices",
  method: "GET",
  path: "/notices",
  summary: "Notices, newest first",
  input: z.object({ ...pageFields, state: z.enum(noticeStates).optional() }),
  output: pageOf(Notice),
  effect: "readonly",
});

export const homeOperations = [
  listFiles,
  getFile,
  writeFile,
  putFile,
  hashFile,
  getFileRange,
  putFileRange,
  removeFile,
  listFileVersions,
  restoreFile,
  watchFiles,
  trustFile,
  listStateFiles,
  getState,
  listQuestions,
  answerQuestion,
  listNotices,
] as const;
