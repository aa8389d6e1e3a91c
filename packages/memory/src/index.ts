export type { Memory, VersionStore } from "./memory.ts";
export type { Author, Viewer } from "./visibility/viewer.ts";
