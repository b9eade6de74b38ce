//! What is in a table of comma-separated values.

use std::cmp::Ordering;
use std::collections::HashSet;

use csv::{ReaderBuilder, StringRecord};
use portcullis_guest_sdk::prelude::*;

/// What every value of a column can be read as.
#[plugin_type]
#[derive(Clone, Copy, Debug, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The column has no values.
    Empty,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Number,
    /// `true` and `false`.
    Boolean,
    /// Anything else.
    Text,
}

/// One column.
#[plugin_type]
#[derive(Debug, PartialEq)]
pub struct Column {
    /// Its name in the first line.
    pub name: String,
    /// What its values are.
    pub kind: Kind,
    /// Rows with a value.
    pub count: usize,
    /// Rows without one.
    pub empty: usize,
    /// Values that differ.
    pub distinct: usize,
    /// The least value as it is written: by number if all are numbers, else by alphabet.
    pub min: Option<String>,
    /// The greatest value as it is written.
    pub max: Option<String>,
    /// The arithmetic mean, if all values are numbers.
    pub mean: Option<f64>,
}

/// A table.
#[plugin_type]
#[derive(Debug)]
pub struct Summary {
    /// Rows below the first line.
    pub rows: usize,
    /// From left to right.
    pub columns: Vec<Column>,
}

/// Summarises a table in CSV, whose first line names the columns: kind, extremes, mean and variety of each column.
#[plugin_tool(read_only)]
pub fn csv_summary(
    /// The table.
    text: String,
    /// What stands between two values of a row.
    #[arg(default = ',')]
    delimiter: char,
) -> Result<Summary, ToolError> {
    let delimiter = u8::try_from(delimiter)
        .ok()
        .filter(u8::is_ascii)
        .ok_or_else(|| ToolError::invalid_arguments("`delimiter` has to be one ASCII character"))?;
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let names = reader.headers().map_err(malformed)?.clone();
    let rows: Vec<StringRecord> = reader
        .records()
        .collect::<Result<_, _>>()
        .map_err(malformed)?;
    let columns = names
        .iter()
        .enumerate()
        .map(|(index, name)| column(name, rows.iter().map(|row| row[index].trim())))
        .collect();
    Ok(Summary {
        rows: rows.len(),
        columns,
    })
}

fn malformed(error: csv::Error) -> ToolError {
    ToolError::invalid_arguments(format!("`text` is not a CSV table: {error}"))
}

fn column<'a>(name: &str, cells: impl Iterator<Item = &'a str>) -> Column {
    let (values, blanks): (Vec<&str>, Vec<&str>) = cells.partition(|cell| !cell.is_empty());
    let kind = kind(&values);
    let numbers: Option<Vec<f64>> = matches!(kind, Kind::Integer | Kind::Number)
        .then(|| values.iter().filter_map(|value| number(value)).collect());
    let order = |a: &&str, b: &&str| match &numbers {
        Some(_) => number(a).partial_cmp(&number(b)).unwrap_or(Ordering::Equal),
        None => a.cmp(b),
    };
    Column {
        name: name.into(),
        kind,
        count: values.len(),
        empty: blanks.len(),
        distinct: values.iter().collect::<HashSet<_>>().len(),
        min: values.iter().copied().min_by(order).map(str::to_owned),
        max: values.iter().copied().max_by(order).map(str::to_owned),
        mean: numbers.map(|numbers| numbers.iter().sum::<f64>() / numbers.len() as f64),
    }
}

fn kind(values: &[&str]) -> Kind {
    if values.is_empty() {
        Kind::Empty
    } else if values.iter().all(|value| value.parse::<i64>().is_ok()) {
        Kind::Integer
    } else if values.iter().all(|value| number(value).is_some()) {
        Kind::Number
    } else if values.iter().all(|value| value.parse::<bool>().is_ok()) {
        Kind::Boolean
    } else {
        Kind::Text
    }
}

/// A finite number; Rust also reads `inf` and `NaN`, which in a table are words.
fn number(value: &str) -> Option<f64> {
    value.parse().ok().filter(|number: &f64| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(text: &str) -> Summary {
        csv_summary(text.into(), ',').expect("a table")
    }

    #[test]
    fn numbers_are_ordered_by_value_and_averaged() {
        let table = summary("n\n10\n9\n-2.5\n9\n");
        let expected = Column {
            name: "n".into(),
            kind: Kind::Number,
            count: 4,
            empty: 0,
            distinct: 3,
            min: Some("-2.5".into()),
            max: Some("10".into()),
            mean: Some(6.375),
        };
        assert_eq!((table.rows, table.columns), (4, vec![expected]));
    }

    #[test]
    fn every_column_gets_its_own_kind() {
        let table = summary("a,b,c,d,e\n1,1.5,true,x,\n2,NaN,false,\"y, z\",\n");
        let kinds: Vec<Kind> = table.columns.iter().map(|column| column.kind).collect();
        assert_eq!(
            kinds,
            [
                Kind::Integer,
                Kind::Text,
                Kind::Boolean,
                Kind::Text,
                Kind::Empty
            ]
        );
    }

    #[test]
    fn missing_values_are_counted_apart() {
        let column = &summary("name,age\nAda,36\nBob,\n").columns[1];
        assert_eq!(
            (column.count, column.empty, column.mean),
            (1, 1, Some(36.0))
        );
    }

    #[test]
    fn a_table_without_rows_has_only_names() {
        let table = summary("a,b\n");
        assert_eq!(
            (
                table.rows,
                table.columns[1].min.as_deref(),
                table.columns[1].mean
            ),
            (0, None, None)
        );
    }

    #[test]
    fn another_delimiter_can_be_named() {
        let table = csv_summary("a;b\n1;2\n".into(), ';').expect("a table");
        assert_eq!(table.columns.len(), 2);
        assert_eq!(
            csv_summary("a".into(), '→').unwrap_err().code,
            "invalid-arguments"
        );
    }

    #[test]
    fn a_row_of_another_length_is_an_error_with_its_line() {
        let error = csv_summary("a,b\n1,2\n3\n".into(), ',').unwrap_err();
        assert!(error.message.contains("line: 3"), "{}", error.message);
    }
}
