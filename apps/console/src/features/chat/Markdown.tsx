/**
 * What a model says, as elements: no HTML is ever set, so nothing of it can run. Links lead to the web or to mail; a picture becomes a link, since loading
 * it would tell its owner what its address says. While text comes in, only the last block is drawn again.
 */
import { lexer, type Token, type Tokens } from "marked";
import { memo, useMemo, type ReactNode } from "react";
import { SafeLink } from "../../parts/SafeLink.tsx";
import { CodeBlock } from "./CodeBlock.tsx";
import styles from "./Markdown.module.css";

export function Markdown({ text, isWriting = false }: { text: string; isWriting?: boolean }) {
  const blocks = useMemo(() => lexer(isWriting ? closeOpen(text) : text), [text, isWriting]);
  return (
    <div className={styles.markdown}>
      {blocks.map((token, index) => (
        <Block key={`${index}:${token.type}`} token={token} />
      ))}
      {isWriting && <span className={styles.caret} aria-hidden="true" />}
    </div>
  );
}

const Block = memo(
  ({ token }: { token: Token }) => renderToken(token, 0),
  (before, after) => before.token.raw === after.token.raw,
);
Block.displayName = "Block";

/** Emphasis and code that have begun and not ended yet: ended for the moment, so that words do not jump when their end comes. */
function closeOpen(text: string): string {
  const line = text.slice(text.lastIndexOf("\n") + 1);
  if (line.startsWith("```")) return text;
  if (line.split("`").length % 2 === 0) return `${text}\``;
  return line.split("**").length % 2 === 0 ? `${text.replace(/\*+$/, "")}**` : text;
}

function renderAll(tokens: readonly Token[] | undefined): ReactNode {
  return tokens?.map(renderToken);
}

function renderToken(token: Token, key: number): ReactNode {
  switch (token.type) {
    case "space":
    case "def":
      return null;
    case "paragraph":
      return <p key={key}>{renderAll(token.tokens)}</p>;
    case "heading":
      return (
        <p key={key} role="heading" aria-level={Math.min(6, Number(token["depth"]) + 2)} className={styles.heading}>
          {renderAll(token.tokens)}
        </p>
      );
    case "code":
      return <CodeBlock key={key} code={(token as Tokens.Code).text} language={(token as Tokens.Code).lang ?? ""} />;
    case "blockquote":
      return <blockquote key={key}>{renderAll(token.tokens)}</blockquote>;
    case "list":
      return renderList(token as Tokens.List, key);
    case "table":
      return renderTable(token as Tokens.Table, key);
    case "hr":
      return <hr key={key} />;
    default:
      return renderInline(token, key);
  }
}

function renderInline(token: Token, key: number): ReactNode {
  switch (token.type) {
    case "strong":
      return <strong key={key}>{renderAll(token.tokens)}</strong>;
    case "em":
      return <em key={key}>{renderAll(token.tokens)}</em>;
    case "del":
      return <del key={key}>{renderAll(token.tokens)}</del>;
    case "codespan":
      return <code key={key}>{(token as Tokens.Codespan).text}</code>;
    case "br":
      return <br key={key} />;
    case "link":
      return <SafeLink key={key} href={(token as Tokens.Link).href} inside={renderAll(token.tokens)} />;
    case "image":
      return (
        <SafeLink key={key} href={(token as Tokens.Image).href} inside={(token as Tokens.Image).text || "picture"} />
      );
    case "text":
      return token.tokens === undefined ? (
        (token as Tokens.Text).text
      ) : (
        <span key={key}>{renderAll(token.tokens)}</span>
      );
    case "escape":
      return (token as Tokens.Escape).text;
    default:
      // HTML and what is not known here stands as it was written.
      return token.raw;
  }
}

function renderList({ ordered, start, items }: Tokens.List, key: number): ReactNode {
  const rows = items.map((item, index) => (
    <li key={index} data-task={item.task || undefined}>
      {item.task && <input type="checkbox" checked={item.checked === true} readOnly aria-label="done" />}
      {renderAll(item.tokens)}
    </li>
  ));
  return ordered ? (
    <ol key={key} start={start === "" ? 1 : start}>
      {rows}
    </ol>
  ) : (
    <ul key={key}>{rows}</ul>
  );
}

function renderTable({ header, rows, align }: Tokens.Table, key: number): ReactNode {
  const style = (index: number) => ({ textAlign: align[index] ?? ("left" as const) });
  return (
    <div key={key} className={styles.table} role="region" aria-label="Table" tabIndex={0}>
      <table>
        <thead>
          <tr>
            {header.map((cell, index) => (
              <th key={index} style={style(index)}>
                {renderAll(cell.tokens)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index}>
              {row.map((cell, place) => (
                <td key={place} style={style(place)}>
                  {renderAll(cell.tokens)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
