import { Sheet } from "../../parts/Sheet.tsx";
import { SessionList, type SessionListProps } from "./SessionList.tsx";

/** The list of conversations where it has no column of its own. */
export function SessionSheet({ onClose, ...list }: SessionListProps & { onClose: () => void }) {
  return (
    <Sheet title="Conversations" onClose={onClose}>
      <SessionList {...list} onChoose={onClose} />
    </Sheet>
  );
}
