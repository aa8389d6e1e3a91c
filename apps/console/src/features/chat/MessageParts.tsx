import type { MessageRecord } from "@roost/contract/operations";
import { formatBytes } from "../../parts/format.ts";
import { Icon } from "../../parts/Icon.tsx";
import styles from "./MessageParts.module.css";

const shownTypes = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif"]);

/** Pictures are shown, other files are named, to be saved. */
export function MessageParts({ parts }: { parts: MessageRecord["parts"] }) {
  if (parts.length === 0) return null;
  return (
    <ul className={styles.parts}>
      {parts.map(({ sha256, mediaType, name, bytes }, index) => {
        if (sha256 === undefined) return null;
        const named = name === undefined ? "" : `?name=${encodeURIComponent(name)}`;
        const address = `/api/v1/parts/${sha256}${named}`;
        return (
          <li key={`${sha256}:${index}`}>
            {shownTypes.has(mediaType) ? (
              <a href={address} target="_blank" rel="noopener">
                <img src={address} alt={name ?? "picture"} loading="lazy" />
              </a>
            ) : (
              <a href={address} download={name ?? sha256.slice(0, 12)} className={styles.file}>
                <Icon name="file-text" size={14} /> {name ?? mediaType} <small>{formatBytes(bytes)}</small>
              </a>
            )}
          </li>
        );
      })}
    </ul>
  );
}
