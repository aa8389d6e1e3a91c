/**
 * A file as text that one changes. It is written over what one has seen: when another has written meanwhile, both changes are joined, or both
 * are shown where they touch the same lines. What comes from outside is named, and vouched for line by line.
 */
import type { HomeFileRecord } from "@roost/contract/operations";
import { useCallback, useEffect, useState } from "react";
import { useConsole } from "../../live/console-context.ts";
import { Unread } from "../../parts/Blank.tsx";
import { Button } from "../../parts/Button.tsx";
import { IconButton } from "../../parts/IconButton.tsx";
import { useAct } from "../../parts/use-act.ts";
import { MarkedLines } from "./MarkedLines.tsx";
import styles from "./FileEditor.module.css";

export interface FileEditorProps {
  path: string;
  mark: HomeFileRecord["mark"];
  onClose: () => void;
  onChange: () => void;
}

interface SeenFile {
  text: string;
  /** Undefined: it is no text. */
  sha256: string | undefined;
}

const bothStand = "It was changed meanwhile, in the same lines. Both stand here: make yours right, then save.";
const isJoined = "It was changed meanwhile. Both changes stand here: read them, then save.";

export function FileEditor({ path, mark, onClose, onChange }: FileEditorProps) {
  const { client } = useConsole();
  const [seen, setSeen] = useState<SeenFile>();
  const [error, setError] = useState<Error>();
  const [text, setText] = useState("");
  const [theirs, setTheirs] = useState<string>();
  const [told, setTold] = useState("");
  const read = useCallback(() => {
    setError(undefined);
    readText(client, path).then((found) => {
      setSeen(found);
      setText(found.text);
    }, setError);
  }, [client, path]);
  useEffect(read, [read]);
  const { isBusy, refusal, act } = useAct(onChange);
  const save = async () => {
    if (seen?.sha256 === undefined) return;
    const answer = await client.writeFile({ path, text, sha256: seen.sha256 });
    const sha256 = answer.sha256 ?? seen.sha256;
    if (answer.state === "written") {
      setSeen({ text, sha256 });
      setTheirs(undefined);
      setTold("Saved.");
      return;
    }
    const { mergeTexts } = await import("./merge-texts.ts");
    const there = answer.text ?? "";
    const merged = mergeTexts({ base: seen.text, mine: text, theirs: there });
    setSeen({ text: there, sha256 });
    setTheirs(merged === undefined ? there : undefined);
    if (merged !== undefined) setText(merged);
    setTold(merged === undefined ? bothStand : isJoined);
  };
  const isChanged = seen !== undefined && (text !== seen.text || theirs !== undefined);
  return (
    <section className={styles.editor} aria-label={path}>
      <header>
        <IconButton icon="chevron-left" label="All files" onClick={onClose} />
        <h2 className="mono">{path}</h2>
        {seen?.sha256 !== undefined && (
          <Button size="small" look="main" isBusy={isBusy} disabled={!isChanged} onClick={() => act(save)}>
            Save
          </Button>
        )}
      </header>
      {mark !== null && <MarkedLines path={path} mark={mark} onChange={onChange} />}
      <p className={styles.told} role="status" data-bad={theirs !== undefined || refusal !== undefined || undefined}>
        {refusal ?? (isChanged && told === "Saved." ? "" : told)}
      </p>
      {seen === undefined && <Unread label="Reading the file" rows={12} what="The file" error={error} onRetry={read} />}
      {seen !== undefined && seen.sha256 === undefined && <p className={styles.binary}>This file is no text.</p>}
      {seen?.sha256 !== undefined && (
        <div className={styles.texts} data-two={theirs !== undefined || undefined}>
          <textarea
            aria-label={`Text of ${path}`}
            value={text}
            spellCheck={false}
            onChange={(event) => setText(event.target.value)}
            onKeyDown={(event) => {
              if (event.key !== "s" || !(event.ctrlKey || event.metaKey)) return;
              event.preventDefault();
              if (isChanged) act(save);
            }}
          />
          {theirs !== undefined && (
            <figure>
              <figcaption>As it stands now</figcaption>
              <pre className="verbatim" tabIndex={0}>
                {theirs}
              </pre>
            </figure>
          )}
        </div>
      )}
    </section>
  );
}

async function readText(client: ReturnType<typeof useConsole>["client"], path: string): Promise<SeenFile> {
  const { bytes, mediaType } = await client.getFile({ path });
  if (!mediaType.startsWith("text/")) return { text: "", sha256: undefined };
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  const sha256 = Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), sha256 };
}
