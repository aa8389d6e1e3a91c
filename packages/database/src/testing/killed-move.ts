/** A process for tests that moves a database and is killed after so many tables, or before the move is finished. */
import { moveDatabase } from "../move/move-database.ts";

const [source = "", target = "", tables] = process.argv.slice(2);
const kill = () => process.kill(process.pid, "SIGKILL");
await moveDatabase({
  source,
  target,
  owner: "me",
  onTable: ({ tablesDone }) => void (tablesDone === Number(tables) && kill()),
});
kill();
