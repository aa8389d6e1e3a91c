import { databaseName, roleName } from "./prepare-role.ts";
import { readSocketDirectory } from "./socket-directory.ts";
import { serverUrl } from "./server-url.ts";

/** The URL of the home's bundled server for other programs of its owner; undefined when none was started on this directory. */
export async function findServerUrl(directory: string): Promise<string | undefined> {
  const socketDirectory = await readSocketDirectory(directory);
  return socketDirectory && serverUrl(socketDirectory, { user: roleName, database: databaseName });
}
