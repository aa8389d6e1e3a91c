// ensureInstalled() as a process: prints the path of Node, or the message.
import { ensureInstalled } from "../ensure-installed.mjs";
import { InstallError } from "../install-error.mjs";

try {
  const { nodePath } = await ensureInstalled(process.argv[2]);
  console.log(nodePath);
} catch (error) {
  console.error(error instanceof InstallError ? error.message : error);
  process.exitCode = 1;
}
