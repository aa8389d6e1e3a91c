export type { Memory, VersionStore } from "./memory.ts";
export { memoryMigrations, memorySchema, openMemory, type OpenMemoryOptions } from "./open-memory.ts";
export type { Author, Viewer } from "./visibility/viewer.ts";
export { classifyPath, stateNameOf, statePathOf, type HomeFileClass } from "./visibility/home-file-class.ts";
export { maySeeEvent, maySeeFile, maySeeRun, mayWriteFile } from "./visibility/visibility.ts";
export { dayAt, momentAt, timeOfDayAt } from "./visibility/daily-note-path.ts";
export { homeLimits } from "./disk/home-limits.ts";

// Files.
export { findHomeFile, readHomeFile, type HomeFile } from "./files/read-home-file.ts";
export { listHomeFiles, type ListedFile } from "./files/list-home-files.ts";
export { searchHomeFiles, type SearchHit, type SearchRequest, type SearchResult } from "./files/search-home-files.ts";
export { writeHomeFile, type WriteOutcome, type WriteRequest } from "./files/write-home-file.ts";
export { scanHome, type HomeScan } from "./scan/scan-home.ts";
export { watchHome, type WatchHome } from "./scan/watch-home.ts";

// State files.
export { getState, listStates, type ReadState, type State, type StateSummary } from "./state/get-state.ts";
export { changeState, setState, type SetState, type SetStateOutcome } from "./state/set-state.ts";
export { settleState, type SettledState } from "./state/settle-state.ts";
export { rebuildState, replayStates, type ReplayedState } from "./state/rebuild-state.ts";
