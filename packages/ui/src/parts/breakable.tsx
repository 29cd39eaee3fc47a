import { Fragment } from "react";

const PARTS = /(?<=[_.\-/])(?=[^_.\-/])/u;

/** An id that may be broken after its separators, where there is no room for all of it in one line. */
export function Breakable({ id }: { id: string }) {
  return id.split(PARTS).map((part, index) => {
    const key = index;
    return (
      <Fragment key={key}>
        {index > 0 && <wbr />}
        {part}
      </Fragment>
    );
  });
}
