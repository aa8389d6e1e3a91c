export { readHomeId, refuseDatabaseOfAnother } from "./home/hold-database.ts";
export { listFileProblems } from "./records/file-problems.ts";
