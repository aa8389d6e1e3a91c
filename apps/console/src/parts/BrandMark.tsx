/** A bird on its perch. */
export function BrandMark({ size = 20 }: { size?: number }) {
  return (
    <svg viewBox="0 0 512 512" width={size} height={size} aria-hidden="true" fill="none">
      <path d="M64 402h384" stroke="currentColor" strokeWidth="34" strokeLinecap="round" />
      <path d="M222 402v-52M298 402v-52" stroke="currentColor" strokeWidth="30" strokeLinecap="round" opacity="0.65" />
      <path
        d="M98 120c78-26 152 8 174 80 48-36 106-26 134 16-32 8-44 26-50 56-14 54-60 84-116 84-80 0-134-56-134-134 0-36 6-70-8-102z"
        fill="currentColor"
      />
    </svg>
  );
}
