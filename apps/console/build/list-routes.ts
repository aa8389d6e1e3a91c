/** Operations as a table of routes: all that the console's client needs of a contract at run time. */
import type { ServiceContract } from "@roost/contract";

/** The source of a module with the routes of the operations. */
export function listRoutes(operations: ServiceContract["operations"]): string {
  const routes = operations.map(({ id, method, path, stream, contentField, answersContent }) => [
    id,
    method,
    path,
    stream ? 1 : 0,
    ...(contentField === undefined && answersContent === undefined ? [] : [contentField ?? 0]),
    ...(answersContent === undefined ? [] : [answersContent.mediaTypes]),
  ]);
  return `export const routes = ${JSON.stringify(routes)};\n`;
}
