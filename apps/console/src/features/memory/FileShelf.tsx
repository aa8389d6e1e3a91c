/** The files of the home by folder, and the one that is open. */
import { useConsole, useNow } from "../../live/console-context.ts";
import { useReading } from "../../live/use-reading.ts";
import { Blank, Unread } from "../../parts/Blank.tsx";
import { formatAge, formatBytes } from "../../parts/format.ts";
import { Icon } from "../../parts/Icon.tsx";
import { Region } from "../../parts/Region.tsx";
import { FileEditor } from "./FileEditor.tsx";
import styles from "./FileShelf.module.css";

export interface FileShelfProps {
  path: string | undefined;
  onOpen: (path: string | undefined) => void;
}

export function FileShelf({ path, onOpen }: FileShelfProps) {
  const { client } = useConsole();
  const now = useNow();
  const { value, error, reload } = useReading("memory:files", () => client.listFiles({ limit: 500 }), {
    isMoved: ({ type }) => type.startsWith("file."),
  });
  if (value === undefined)
    return <Unread label="Reading the files" rows={10} what="The files" error={error} onRetry={reload} />;
  const folders = Map.groupBy(value.items, (file) => file.path.split("/").slice(0, -1).join("/"));
  const mark = value.items.find((file) => file.path === path)?.mark ?? null;
  return (
    <div className={styles.shelf} data-open={path !== undefined || undefined}>
      <Region label="Files" className={styles.list}>
        {[...folders].map(([folder, files]) => (
          <section key={folder}>
            <h2 className="part-title">{folder === "" ? "The home" : folder}</h2>
            <ul>
              {files.map((file) => (
                <li key={file.path}>
                  <button type="button" aria-pressed={file.path === path} onClick={() => onOpen(file.path)}>
                    <Icon name="file-text" size={14} />
                    <span>{file.path.split("/").at(-1)}</span>
                    {file.mark !== null && (
                      <em className="outside" title="Lines of it come from outside">
                        marked
                      </em>
                    )}
                    <small className="num">
                      {formatBytes(file.bytes)} · {formatAge(now - Date.parse(file.modifiedAt))}
                    </small>
                  </button>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </Region>
      {path === undefined ? (
        <div className={styles.none}>
          <Blank icon="file-text" title="Choose a file">
            What stands in these files is what sessions know.
          </Blank>
        </div>
      ) : (
        <FileEditor key={path} path={path} mark={mark} onClose={() => onOpen(undefined)} onChange={reload} />
      )}
    </div>
  );
}
