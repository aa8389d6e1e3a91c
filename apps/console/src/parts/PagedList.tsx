/** A long list as a screen shows it: rows to come while the first page is read, why it could not be, what stands where there is none, and the rows. */
import type { ReactNode } from "react";
import type { PagedRows } from "../live/use-pages.ts";
import { Unread } from "./Blank.tsx";
import { FixedList } from "./FixedList.tsx";
import { useIsPhone } from "./use-is-phone.ts";

export interface PagedListProps<Row> {
  pages: PagedRows<Row>;
  label: string;
  /** Said while the first page is read. */
  reading: string;
  /** What could not be read, as the subject of that sentence. */
  what: string;
  rowPx: { desktop: number; phone: number };
  /** So many rows before the end the next page is read. */
  aheadRows?: number;
  /** Where there is no row. */
  blank: ReactNode;
  onOpen: (row: Row) => void;
  children: (row: Row) => ReactNode;
}

export function PagedList<Row>(props: PagedListProps<Row>) {
  const { pages, label, reading, what, aheadRows = 60, blank, onOpen, children } = props;
  const { rows, error, isWhole, readMore, reload } = pages;
  const rowPx = props.rowPx[useIsPhone() ? "phone" : "desktop"];
  if (rows === undefined || (rows.length === 0 && !isWhole))
    return <Unread label={reading} rows={14} rowPx={rowPx} what={what} error={error} onRetry={reload} />;
  if (rows.length === 0) return blank;
  return (
    <FixedList
      label={label}
      rows={rows}
      rowPx={rowPx}
      onOpen={onOpen}
      onEnd={(end) => {
        if (!isWhole && end > rows.length - aheadRows) readMore();
      }}
    >
      {children}
    </FixedList>
  );
}
