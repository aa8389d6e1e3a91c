export { readHomeId, refuseDatabaseOfAnother } from "./home/hold-database.ts";
export { refuseLockedOut } from "./home/refuse-locked-out.ts";
export { listFileProblems } from "./records/file-problems.ts";
