/**
 * Every statement of a .sql file is opened by a comment that says which invariant it keeps. Statements without an
 * empty line between them, such as a table and its indexes, share one.
 */
import type { Complaint, Repository } from "../repository.ts";

export function checkSqlComments(repository: Repository): Complaint[] {
  return repository.files.flatMap((file) => {
    if (!file.path.endsWith(".sql")) return [];
    return splitStatements(file.text).flatMap(({ text, line }, index) =>
      /^\s*(?:--|\/\*)/.test(text) || (index > 0 && !/^[^\S\n]*\n\s*\n/.test(text))
        ? []
        : [
            {
              path: file.path,
              line,
              message: "opens a statement without a comment: say above it which invariant it keeps",
            },
          ],
    );
  });
}

interface Statement {
  /** With the comments before it. */
  text: string;
  /** Of the statement's first word. */
  line: number;
}

/** Cuts at semicolons outside of quotes, dollar quotes and comments. */
function splitStatements(sql: string): Statement[] {
  const token = /--[^\n]*|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'|"[^"]*"|(\$\w*\$)[\s\S]*?\1|;/g;
  const statements: Statement[] = [];
  let start = 0;
  const add = (end: number) => {
    const text = sql.slice(start, end);
    const bare = text.replaceAll(/--[^\n]*|\/\*[\s\S]*?\*\//g, (comment) => comment.replaceAll(/[^\n]/g, " "));
    const offset = bare.search(/\S/);
    if (offset >= 0) statements.push({ text, line: sql.slice(0, start + offset).split("\n").length });
    start = end + 1;
  };
  for (const found of sql.matchAll(token)) if (found[0] === ";") add(found.index);
  add(sql.length);
  return statements;
}
