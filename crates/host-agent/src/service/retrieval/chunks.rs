//! Texts cut into chunks that each say something by themselves, with the lines where they stand.

/// How long a chunk grows, in bytes, before the next paragraph starts another: a page on a screen, some 400 tokens.
const CHUNK_BYTES: usize = 1600;

/// One chunk.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// The heading that it stands under; none before the first.
    pub(super) title: Option<String>,
    /// As it is in the file, without blank lines around it.
    pub(super) text: String,
    /// Its first line, from 1.
    pub(super) first: usize,
    /// Its last line.
    pub(super) last: usize,
    /// Which piece of a line that is longer than a chunk; 0 for all others.
    pub(super) part: usize,
}

/// Cuts a text at headings, which only Markdown has, and between paragraphs; within them where they are too long.
pub(super) fn cut(text: &str, markdown: bool) -> Vec<Piece> {
    let mut cutter = Cutter::default();
    let mut fenced = false;
    for (at, line) in text.lines().enumerate() {
        fenced ^= markdown && is_fence(line);
        let heading = (markdown && !fenced).then(|| heading(line)).flatten();
        cutter.line(at + 1, line.trim_end(), heading);
    }
    cutter.end_paragraph();
    cutter.end_chunk();
    cutter.pieces
}

fn is_fence(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("```") || line.starts_with("~~~")
}

/// The title of `## Title ##`.
fn heading(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches('#');
    let depth = line.len() - rest.len();
    ((1..=6).contains(&depth) && rest.starts_with([' ', '\t']))
        .then(|| rest.trim_end_matches('#').trim())
}

/// A chunk, and the paragraph that goes into it or starts the next.
#[derive(Default)]
struct Cutter {
    pieces: Vec<Piece>,
    title: Option<String>,
    chunk: Piece,
    paragraph: Piece,
    /// The chunk has a heading and nothing else: what follows belongs to it.
    bare: bool,
}

impl Cutter {
    fn line(&mut self, number: usize, line: &str, heading: Option<&str>) {
        if line.is_empty() {
            self.end_paragraph();
            return;
        }
        if let Some(heading) = heading {
            self.end_paragraph();
            if !self.bare {
                self.end_chunk();
            }
            self.title = Some(heading.to_owned());
        }
        if line.len() > CHUNK_BYTES {
            self.long_line(number, line);
            return;
        }
        if self.paragraph.text.len() + line.len() > CHUNK_BYTES {
            self.end_paragraph();
            self.end_chunk();
        }
        append(&mut self.paragraph, number, number, line);
        if heading.is_some() {
            let begins = self.chunk.text.is_empty() || self.bare;
            self.end_paragraph();
            self.bare = begins;
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        if paragraph.text.is_empty() {
            return;
        }
        if self.chunk.text.len() + paragraph.text.len() > CHUNK_BYTES {
            self.end_chunk();
        }
        append(
            &mut self.chunk,
            paragraph.first,
            paragraph.last,
            &paragraph.text,
        );
        self.bare = false;
    }

    fn end_chunk(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        if !chunk.text.is_empty() {
            self.pieces.push(Piece {
                title: self.title.clone(),
                ..chunk
            });
        }
        self.bare = false;
    }

    /// Is cut into chunks of its own.
    fn long_line(&mut self, number: usize, line: &str) {
        self.end_paragraph();
        self.end_chunk();
        let mut rest = line;
        let mut part = 0;
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rest.floor_char_boundary(CHUNK_BYTES));
            part += 1;
            self.pieces.push(Piece {
                title: self.title.clone(),
                text: piece.to_owned(),
                first: number,
                last: number,
                part,
            });
            rest = after;
        }
    }
}

/// Adds lines to a piece, with the blank ones that lie between.
fn append(piece: &mut Piece, first: usize, last: usize, text: &str) {
    if piece.text.is_empty() {
        piece.first = first;
    } else {
        let apart = if first - piece.last > 1 { "\n\n" } else { "\n" };
        piece.text.push_str(apart);
    }
    piece.text.push_str(text);
    piece.last = last;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places(pieces: &[Piece]) -> Vec<(Option<&str>, usize, usize)> {
        let place = |piece: &Piece| (piece.first, piece.last);
        pieces
            .iter()
            .map(|piece| (piece.title.as_deref(), place(piece).0, place(piece).1))
            .collect()
    }

    #[test]
    fn a_heading_begins_a_chunk_and_names_it() {
        let text = "before\n\n# One\n\nfirst\n\nsecond\n## Two ##\nthird\n#nothing\n";
        let pieces = cut(text, true);
        assert_eq!(
            places(&pieces),
            [(None, 1, 1), (Some("One"), 3, 7), (Some("Two"), 8, 10)]
        );
        assert_eq!(pieces[1].text, "# One\n\nfirst\n\nsecond");
    }

    #[test]
    fn a_heading_is_not_left_alone() {
        let pieces = cut("# One\n\n## Two\n\ntext\n", true);
        assert_eq!(places(&pieces), [(Some("Two"), 1, 5)]);
    }

    #[test]
    fn code_and_other_files_have_no_headings() {
        let fenced = "text\n```sh\n# a comment\n```\n";
        assert_eq!(places(&cut(fenced, true)), [(None, 1, 4)]);
        assert_eq!(places(&cut("x = 1\n# a comment\n", false)), [(None, 1, 2)]);
    }

    #[test]
    fn paragraphs_stay_whole_where_they_fit() {
        let paragraph = "word ".repeat(200);
        let text = format!("{paragraph}\n\n{paragraph}\n\nshort\n");
        let pieces = cut(&text, false);
        assert_eq!(places(&pieces), [(None, 1, 1), (None, 3, 5)]);
    }

    #[test]
    fn long_paragraphs_and_lines_are_cut() {
        let lines = format!("{}\n", "word ".repeat(20)).repeat(40);
        let pieces = cut(&lines, false);
        assert!(pieces.len() > 1);
        assert!(
            pieces
                .iter()
                .all(|piece| piece.text.len() <= CHUNK_BYTES + 40)
        );
        let joined: Vec<(usize, usize)> = pieces
            .iter()
            .map(|piece| (piece.first, piece.last))
            .collect();
        assert!(
            joined.windows(2).all(|two| two[0].1 + 1 == two[1].0),
            "{joined:?}"
        );

        let pieces = cut(&format!("a\n{}\nb", "ä".repeat(1000)), false);
        let parts: Vec<(usize, usize)> = pieces
            .iter()
            .map(|piece| (piece.first, piece.part))
            .collect();
        assert_eq!(parts, [(1, 0), (2, 1), (2, 2), (3, 0)]);
    }

    #[test]
    fn what_is_blank_has_no_chunks() {
        assert_eq!(cut("\n \n\t\n", true), []);
    }
}
