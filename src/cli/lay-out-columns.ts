// Formats rows of text as columns.

/** The rows as lines; each column is as wide as its widest cell. */
export const layOutColumns = (rows: readonly (readonly string[])[]): string =>
  rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widthOf(rows, column)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')

const widthOf = (rows: readonly (readonly string[])[], column: number): number =>
  Math.max(...rows.map((row) => row[column]?.length ?? 0))
