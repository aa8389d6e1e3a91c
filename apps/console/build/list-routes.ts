/** The gateway's operations as a table of routes: all that the console's client needs of the contract at run time. */
import { roostOperations } from "@roost/contract/operations";

/** The source of the module `virtual:routes`. */
export function listRoutes(): string {
  const routes = roostOperations.map(({ id, method, path, stream, contentField, answersContent }) => [
    id,
    method,
    path,
    stream ? 1 : 0,
    ...(contentField === undefined && answersContent === undefined ? [] : [contentField ?? 0]),
    ...(answersContent === undefined ? [] : [answersContent.mediaTypes]),
  ]);
  return `export const routes = ${JSON.stringify(routes)};\n`;
}
