import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";
import classes from "./markdown.module.css";

const PLUGINS = [remarkGfm];

/** What an author wrote in markdown. HTML in it is shown as text, links of other kinds than pages and mail lead nowhere, and images are not fetched: they would tell others who reads this. */
export function Markdown({ text }: { text: string }) {
  return (
    <div className={classes["text"]}>
      <ReactMarkdown
        remarkPlugins={PLUGINS}
        components={{
          a: ({ href, children }) => (
            <a href={href} target="_blank" rel="noreferrer noopener">
              {children}
            </a>
          ),
          img: ({ alt }) => <em>{alt}</em>,
          // Of lists of tasks: nothing to fill in here.
          input: ({ checked }) => <span>{checked === true ? "☑" : "☐"}</span>,
          // Under the headings of the page.
          h1: ({ children }) => <h3>{children}</h3>,
          h2: ({ children }) => <h4>{children}</h4>,
          h3: ({ children }) => <h5>{children}</h5>,
        }}
      >
        {text}
      </ReactMarkdown>
    </div>
  );
}
