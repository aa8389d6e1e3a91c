import { useEffect, useRef, type ComponentProps } from "react";

export interface DialogProps extends ComponentProps<"dialog"> {
  onClose: () => void;
}

/** What stands above the page until it is closed: Escape and a press beside it do that. How it looks and where it stands is its owner's; a field with `data-first` has the focus. */
export function Dialog({ onClose, ...rest }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    dialog.current?.showModal();
    // Else the browser takes the first button.
    dialog.current?.querySelector<HTMLElement>("[data-first]")?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
      {...rest}
    />
  );
}
