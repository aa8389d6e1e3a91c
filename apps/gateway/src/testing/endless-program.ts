/** Ignores its input and never ends, as an endless loop. */
for (;;);
