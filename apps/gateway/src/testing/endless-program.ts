/** Hears nobody and comes to no end, as a program with an endless loop in it. */
for (;;);
