import type { ReactNode } from "react";

const schemes = new Set(["https:", "http:", "mailto:", "tel:"]);

export interface SafeLinkProps {
  href: string;
  inside: ReactNode;
  className?: string;
}

/** A link that others wrote: to the web, to mail or to a telephone. Any other address stands as text. */
export function SafeLink({ href, inside, className }: SafeLinkProps) {
  const isSafe = URL.canParse(href) && schemes.has(new URL(href).protocol);
  if (!isSafe) return <span className={className}>{inside}</span>;
  return (
    <a href={href} className={className} target="_blank" rel="noopener noreferrer nofollow" title={href}>
      {inside}
    </a>
  );
}
