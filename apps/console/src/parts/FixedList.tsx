/**
 * A list of any length whose rows have one height: only what is seen is on the page. One tab stop; arrows, j and k, Page, Home and End move, Enter opens.
 * Says where it is, so that its owner can load as one goes.
 */
import { useId, useLayoutEffect, useRef, useState, type KeyboardEvent, type ReactNode } from "react";
import styles from "./FixedList.module.css";

export interface FixedListProps<Row> {
  label: string;
  rows: readonly Row[];
  rowPx: number;
  onOpen: (row: Row) => void;
  /** How many rows come before the end of what is seen, some after it among them. */
  onEnd: (end: number) => void;
  children: (row: Row) => ReactNode;
}

const overscan = 10;

export function FixedList<Row>({ label, rows, rowPx, onOpen, onEnd, children }: FixedListProps<Row>) {
  const count = rows.length;
  const id = useId();
  const box = useRef<HTMLDivElement>(null);
  const [selected, setSelected] = useState(0);
  const [range, setRange] = useState({ first: 0, end: 40 });
  const tell = useRef(onEnd);
  tell.current = onEnd;
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const measure = () => {
      const first = Math.max(0, Math.floor(element.scrollTop / rowPx) - overscan);
      const end = Math.min(count, Math.ceil((element.scrollTop + element.clientHeight) / rowPx) + overscan);
      setRange((before) => (before.first === first && before.end === end ? before : { first, end }));
      tell.current(end);
    };
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    element.addEventListener("scroll", measure, { passive: true });
    return () => {
      observer.disconnect();
      element.removeEventListener("scroll", measure);
    };
  }, [count, rowPx]);
  const move = (to: number) => {
    const element = box.current;
    const next = Math.max(0, Math.min(count - 1, to));
    setSelected(next);
    if (element === null) return;
    const top = next * rowPx;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + rowPx > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowPx - element.clientHeight;
  };
  const open = (index: number) => {
    const row = rows[index];
    if (row !== undefined) onOpen(row);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.metaKey || event.ctrlKey || event.altKey) return;
    const page = Math.max(1, Math.floor((box.current?.clientHeight ?? rowPx) / rowPx) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowDown: 1,
      j: 1,
      ArrowUp: -1,
      k: -1,
      PageDown: page,
      PageUp: -page,
      Home: -count,
      End: count,
    };
    const step = steps[event.key];
    if (step !== undefined) move(selected + step);
    else if (event.key === "Enter") open(selected);
    else return;
    event.preventDefault();
  };
  const seen = rows.slice(range.first, range.end).map((row, at) => ({ row, index: range.first + at }));
  const isSelectedSeen = selected >= range.first && selected < range.end && count > 0;
  return (
    <div
      ref={box}
      className={styles.box}
      role="grid"
      aria-label={label}
      aria-rowcount={count}
      aria-activedescendant={isSelectedSeen ? `${id}-${selected}` : undefined}
      tabIndex={0}
      onKeyDown={onKeyDown}
    >
      <div className={styles.all} role="rowgroup" style={{ height: count * rowPx }}>
        {seen.map(({ row, index }) => (
          <div
            key={index}
            id={`${id}-${index}`}
            role="row"
            aria-rowindex={index + 1}
            aria-selected={index === selected}
            className={styles.row}
            style={{ height: rowPx, transform: `translateY(${index * rowPx}px)` }}
            onClick={() => {
              setSelected(index);
              onOpen(row);
            }}
          >
            {children(row)}
          </div>
        ))}
      </div>
    </div>
  );
}
