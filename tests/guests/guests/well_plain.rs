//! A component that knows nothing of the contract: values of every type, which come back as they are or changed a little.

wit_bindgen::generate!({
    inline: r#"
        package plain:types@1.2.0;

        interface shapes {
            record point { x: s32, y: s32, label: option<string> }
            variant shape { circle(f64), polygon(list<point>), nothing }
            variant failure { not-found(string), busy }

            move: func(point: point, by: tuple<s32, s32>) -> point;
            same: func(shape: shape) -> shape;
            area: func(shape: shape) -> result<f64, failure>;
            check: func(passes: bool) -> result;
        }

        interface values {
            enum color { red, dark-green }
            flags rights { read, write, run-now }
            record file { name: string, data: list<u8>, tags: list<string> }
            record wide {
                a: u64, b: string, c: u8, d: list<u8>, e: f32, f: char, g: bool, h: s64, i: string,
                j: option<u16>, k: string, l: tuple<u8, u32>,
            }

            paint: func(color: color, rights: rights) -> tuple<color, rights>;
            numbers: func(a: u64, b: s64, c: f32, d: f64, e: s8, f: char) -> tuple<u64, s64, f32, f64, s8, char>;
            maybe: func(value: option<option<u32>>) -> option<option<u32>>;
            nested: func(values: list<result<option<u8>, string>>) -> list<result<option<u8>, string>>;
            reverse: func(data: list<u8>) -> list<u8>;
            store: func(file: file) -> file;
            widest: func(wide: wide, again: wide) -> wide;
            optional: func(first: string, second: option<string>) -> string;
            zeros: func(count: u32) -> list<u8>;
            trap: func();
        }

        interface handles {
            resource counter { constructor(); next: func() -> u32; }
            total: func(counters: list<borrow<counter>>) -> u32;
        }

        world plain {
            export shapes;
            export values;
            export handles;
            export greet: func(name: string) -> string;
            export later: async func(name: string) -> result<string, string>;
            export both: async func(a: u32, b: string) -> tuple<u32, string, u32>;
            export bytes: async func(count: u32) -> stream<u8>;
            export words: async func(text: string) -> result<stream<string>, string>;
            export promise: async func(text: string) -> future<string>;
            export log: func() -> string;
            export spin: func();
        }
    "#,
});

use std::cell::Cell;

use exports::plain::types::handles::{self, CounterBorrow};
use exports::plain::types::shapes::{self, Failure, Point, Shape};
use exports::plain::types::values::{self, Color, File, Rights, Wide};
use wit_bindgen::{FutureReader, StreamReader, spawn_local};

struct Component;

impl shapes::Guest for Component {
    fn move_(point: Point, (x, y): (i32, i32)) -> Point {
        Point {
            x: point.x + x,
            y: point.y + y,
            label: point.label,
        }
    }

    fn same(shape: Shape) -> Shape {
        shape
    }

    fn area(shape: Shape) -> Result<f64, Failure> {
        match shape {
            Shape::Circle(radius) => Ok(radius * radius * 3.0),
            Shape::Polygon(_) => Err(Failure::NotFound("its area".into())),
            Shape::Nothing => Err(Failure::Busy),
        }
    }

    fn check(passes: bool) -> Result<(), ()> {
        passes.then_some(()).ok_or(())
    }
}

impl values::Guest for Component {
    fn paint(color: Color, rights: Rights) -> (Color, Rights) {
        (color, rights)
    }

    fn numbers(a: u64, b: i64, c: f32, d: f64, e: i8, f: char) -> (u64, i64, f32, f64, i8, char) {
        (a, b, c, d, e, f)
    }

    fn maybe(value: Option<Option<u32>>) -> Option<Option<u32>> {
        value
    }

    fn nested(values: Vec<Result<Option<u8>, String>>) -> Vec<Result<Option<u8>, String>> {
        values
    }

    fn reverse(mut data: Vec<u8>) -> Vec<u8> {
        data.reverse();
        data
    }

    fn store(mut file: File) -> File {
        file.name.push('!');
        file
    }

    fn widest(wide: Wide, again: Wide) -> Wide {
        Wide {
            b: again.b,
            d: again.d,
            ..wide
        }
    }

    fn optional(first: String, second: Option<String>) -> String {
        second.unwrap_or(first)
    }

    fn zeros(count: u32) -> Vec<u8> {
        vec![0; count as usize]
    }

    fn trap() {
        panic!("as asked");
    }
}

struct Counter(Cell<u32>);

impl handles::GuestCounter for Counter {
    fn new() -> Self {
        Self(Cell::new(0))
    }

    fn next(&self) -> u32 {
        self.0.set(self.0.get() + 1);
        self.0.get()
    }
}

impl handles::Guest for Component {
    type Counter = Counter;

    fn total(counters: Vec<CounterBorrow<'_>>) -> u32 {
        counters
            .iter()
            .map(|one| one.get::<Counter>().0.get())
            .sum()
    }
}

impl Guest for Component {
    fn greet(name: String) -> String {
        format!("Hello, {name}!")
    }

    async fn later(name: String) -> Result<String, String> {
        wit_bindgen::yield_async().await;
        if name.is_empty() {
            Err("nobody is there".into())
        } else {
            Ok(name)
        }
    }

    async fn both(a: u32, b: String) -> (u32, String, u32) {
        wit_bindgen::yield_async().await;
        (a, b, a + 1)
    }

    async fn bytes(count: u32) -> StreamReader<u8> {
        let (mut writer, reader) = wit_stream::new();
        spawn_local(async move {
            writer
                .write_all((0..count).map(|byte| byte as u8).collect())
                .await;
        });
        reader
    }

    async fn words(text: String) -> Result<StreamReader<String>, String> {
        if text.is_empty() {
            return Err("there are no words".into());
        }
        let (mut writer, reader) = wit_stream::new();
        spawn_local(async move {
            let words = text.split(' ').map(str::to_owned).collect();
            writer.write_all(words).await;
        });
        Ok(reader)
    }

    async fn promise(text: String) -> FutureReader<String> {
        let (writer, reader) = wit_future::new(String::new);
        spawn_local(async move {
            let _ = writer.write(text).await;
        });
        reader
    }

    fn log() -> String {
        println!("printed by a plain component");
        "printed".into()
    }

    fn spin() {
        loop {
            std::hint::spin_loop();
        }
    }
}

export!(Component);
