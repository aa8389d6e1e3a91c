export type { Memory, SuggestedRoute, VersionStore } from "./memory.ts";
export { memorySchema, openMemory, type OpenMemoryOptions } from "./open-memory.ts";
export type { Author, Viewer } from "./visibility/viewer.ts";
export { classifyPath, stateNameOf, statePathOf, type HomeFileClass } from "./visibility/home-file-class.ts";
export { clearanceOf, mayKnow } from "./visibility/clearance.ts";
export { heldFile, isOwnPath } from "./visibility/held-files.ts";
export { maySeeFile, mayWriteFile } from "./visibility/visibility.ts";
export { holdDatabase, refuseDatabaseOfAnother } from "./home/hold-database.ts";
export { findPlace, type HomePlace } from "./home/find-place.ts";
export { readRecordedHome, type HeldHome } from "./home/hold-home.ts";
export { homeLimits } from "./disk/home-limits.ts";

// Files.
export {
  findHomeFile,
  readHomeFile,
  readAnyFile,
  readFileBytes,
  readMarkedFile,
  type HomeFile,
  type MarkedFile,
} from "./files/read-home-file.ts";
export { labelsOfAll, labelsOfLines } from "./records/line-marks.ts";
export { listHomeFiles } from "./files/list-home-files.ts";
export { listMarkedFiles } from "./files/list-marked-files.ts";
export { whyHeld } from "./files/why-held.ts";
export { readRecordedMarks } from "./records/marks-of-text.ts";
export { isEditedByHand } from "./files/is-edited-by-hand.ts";
export { changeSettings } from "./change-settings.ts";
export { keepAppliedSettings, refuseHeldSettings, whySettingsHeld } from "./settings-in-force.ts";
export { trustHomeFile } from "./files/trust-home-file.ts";
export { searchHomeFiles, type SearchHit, type SearchRequest, type SearchResult } from "./files/search-home-files.ts";
export { hashHomeFile, readFileRange, takeFileRange } from "./files/large-files.ts";
export { takeImportRange } from "./files/take-incoming.ts";
export { listFileVersions, restoreFileVersion } from "./files/file-versions.ts";
export { removeHomeFile, type RemoveOutcome } from "./files/remove-home-file.ts";
export { rewriteHomeFile } from "./files/rewrite-home-file.ts";
export { writeHomeBytes } from "./files/write-home-bytes.ts";
export { writeHomeFile } from "./files/write-home-file.ts";
export type { WriteOutcome, WriteRequest } from "./files/write-request.ts";
export { listFileProblems, sayProblem, type FileProblem, type KnownProblem } from "./records/file-problems.ts";
export { scanHome, type HomeScan } from "./scan/scan-home.ts";
export { watchHome, type WatchHome } from "./scan/watch-home.ts";

// Skills.
export { hasSkills } from "./skills/find-skills.ts";
export { readSkill, type SkillAnswer } from "./skills/read-skill.ts";
export { listSkills, readSkillFile } from "./skills/list-skills.ts";

// State files.
export { getState, listStates, type ReadState, type State, type StateSummary } from "./state/get-state.ts";
export { changeState, setState, type SetState, type SetStateOutcome } from "./state/set-state.ts";
export { settleState, type SettledState } from "./state/settle-state.ts";
export { stateProjection } from "./state/state-projection.ts";

// Notes and facts.
export { appendDailyNote, type AppendedNote, type DailyNote } from "./notes/append-daily-note.ts";
export { remember, type Remembered } from "./notes/remember.ts";
export { getFact, listFacts } from "./facts/list-facts.ts";
export { acceptFact, removeFact } from "./facts/keep-fact.ts";
export { settleMemoryFile } from "./facts/settle-memory-file.ts";
export type { Fact } from "./facts/fact.ts";
export { correctText, correctValue, noteOfContext, noteOfRun, readCorrections } from "./facts/corrections.ts";
export { recordSources } from "./facts/mark-stale.ts";

// Recall.
export { recall, recallLimits, type Recalled, type FoundLine, type RecallRequest } from "./recall/recall.ts";
export { indexLines, type IndexedDocument } from "./recall/index-document.ts";
export { createMemoryLoops } from "./create-memory-loops.ts";
export { embedLines } from "./recall/embed-lines.ts";
export { embedNow } from "./recall/embed-now.ts";

// The nightly pass.
export { createNightlyLoop } from "./nightly/create-nightly-loop.ts";
export {
  consolidateMemory,
  consolidateTool,
  createConsolidationLoop,
  proposeMemory,
} from "./nightly/create-consolidation-loop.ts";

// Sessions.
export { forkSession, type ToldTurn } from "./clients/fork-session.ts";
export {
  addClientAnswer,
  addClientTurn,
  findClientAnswer,
  findClientTurn,
  findTurnOfRun,
  markAnswered,
  readLastTold,
} from "./clients/client-turns.ts";
export { kindOfSession } from "./sessions/session.ts";
export { sendMessage, type SendMessage, type SentMessage } from "./sessions/send-message.ts";
export { namedPart } from "./sessions/message.ts";
export { appendReply, type Reply } from "./sessions/append-reply.ts";
export {
  compactSession,
  createSession,
  refuseUnknownSession,
  resetSession,
  rewindSession,
} from "./sessions/rewind-session.ts";
export { isBesideConversation, runMessage } from "./context/run-message.ts";
export {
  getSession,
  listSessions,
  readMessage,
  readTranscript,
  type SessionPage,
  type TranscriptPage,
} from "./sessions/read-transcript.ts";
export type { Session } from "./sessions/session.ts";
export { partsOf, type ContextMessage, type StoredMessage } from "./sessions/message.ts";

// Parts of messages and results.
export { keepPart, readPart, type NewPart, type StoredPart } from "./parts/parts.ts";
export { findPart } from "./parts/find-part.ts";
export { headBytes, kindOf } from "./parts/kind-of.ts";
export { dropParts } from "./parts/drop-parts.ts";

// Contexts of runs.
export { viewerOf } from "./visibility/viewer-of.ts";
export { toolsByNaming, toolsOfJob, toolsOfRun } from "./visibility/tools-of-run.ts";
export { buildDigest, type Digest, type DigestQuery } from "./digest/build-digest.ts";
export type { DigestItem } from "./digest/digest-item.ts";
export { buildContext, type BuiltContext, type DomainGuide } from "./context/build-context.ts";
export { leaveOrder } from "./context/leave-order.ts";
export { isChangingSection } from "./context/changing-sections.ts";
export { isMomentMessage } from "./context/moment-message.ts";
export { commitDigest } from "./context/commit-digest.ts";
export type { ShownFile } from "./context/file-sections.ts";
export type { Section } from "./context/section.ts";
export { whyLossy } from "./files/why-lossy.ts";
export { readOutsideItem } from "./outside/outside-news.ts";
export { listSources, trySources } from "./outside/list-sources.ts";
export { davServerOf, mailServerOf } from "./outside/mail-server-of.ts";
export { readSource, sourcesOf, type OutsideSource, type SourceRow } from "./outside/source-row.ts";
export { takeFailure, takeLook } from "./outside/take-look.ts";
export { heartbeatDecision, type HeartbeatDecision } from "./heartbeat/heartbeat-decision.ts";
export { lastHeartbeat, rememberHeartbeat, type RememberHeartbeat } from "./heartbeat/remember-heartbeat.ts";

// Moving in and out.
export { importRecords, memoryRecordKinds, oneByOne, type MemoryRecord } from "./moving/import-records.ts";
export { exportRecords } from "./moving/export-records.ts";
export { noteExport, readLastExport } from "./moving/last-export.ts";
export { outcomeOf, type ImportTerms } from "./moving/imported.ts";
