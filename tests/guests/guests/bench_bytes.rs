//! A component that knows nothing of the contract: gives bytes back.

wit_bindgen::generate!({
    inline: "
        package plain:bytes;

        world bytes {
            export echo: func(data: list<u8>) -> list<u8>;
        }
    ",
});

struct Component;

impl Guest for Component {
    fn echo(data: Vec<u8>) -> Vec<u8> {
        data
    }
}

export!(Component);
