/** Lengths of the grid in pixels, which its rows, columns and everything that is laid over them share; the Gantt's lines stand beside its rows. */
export const ROW_HEIGHT = 24;
export const COLUMN_WIDTH = 22;
export const HEADER_HEIGHT = 78;
export const BAR_MOST = 38;
