//! The decoders of both directions behind one face.

use holdline_http1::{
    BodyLength, Buffer, Event, Headers, Limits, ReceiveError, RequestDecoder, RequestHead,
    ResponseDecoder, ResponseEvent, ResponseHead,
};

use crate::inspect::talk::Talk;

/// A decoder for either direction.
#[derive(Debug)]
pub(in crate::inspect) enum Decoder {
    Requests(RequestDecoder),
    Responses {
        decoder: ResponseDecoder,
        /// The method of the request that the response of now answers, once the decoder was told.
        method: Option<String>,
    },
}

/// What either decoder returns.
#[derive(Debug)]
pub(in crate::inspect) enum Part<'b> {
    Request(RequestHead<'b>, BodyLength),
    Informational(ResponseHead<'b>),
    Response(ResponseHead<'b>, BodyLength),
    Data(&'b [u8]),
    End(Headers<'b>),
    /// There is input, but none of it belongs to a message.
    Paused,
}

impl Decoder {
    pub(in crate::inspect) fn requests() -> Self {
        Self::Requests(RequestDecoder::new(Limits::default()))
    }

    pub(in crate::inspect) fn responses() -> Self {
        Self::Responses {
            decoder: ResponseDecoder::new(Limits::default()),
            method: None,
        }
    }

    /// Before a response: tells its decoder which method it answers.
    pub(in crate::inspect) fn tell_method(&mut self, talk: &mut Talk) {
        if let Self::Responses { decoder, method } = self
            && method.is_none()
        {
            let next = talk.next_method();
            decoder.expect(&next);
            *method = Some(next);
        }
    }

    /// The method that the response of now answers.
    pub(in crate::inspect) fn method(&self) -> &str {
        match self {
            Self::Responses {
                method: Some(method),
                ..
            } => method,
            _ => "",
        }
    }

    pub(in crate::inspect) fn decode<'b, 'i: 'b>(
        &mut self,
        input: &mut &'i [u8],
        buffer: &'b mut Buffer,
    ) -> Result<Option<Part<'b>>, ReceiveError> {
        match self {
            Self::Requests(decoder) => {
                let event = decoder.decode(input, buffer)?;
                Ok(event.map(|event| match event {
                    Event::Request { head, body } => Part::Request(head, body),
                    Event::Data(data) => Part::Data(data),
                    Event::End { trailers } => Part::End(trailers),
                    _ => Part::Paused,
                }))
            }
            Self::Responses { decoder, method } => {
                let event = decoder.decode(input, buffer)?;
                if let Some(ResponseEvent::End { .. }) = event {
                    *method = None;
                }
                Ok(event.map(response_part))
            }
        }
    }

    pub(in crate::inspect) fn eof(&mut self) -> Result<Option<Part<'static>>, ReceiveError> {
        let trailers = match self {
            Self::Requests(decoder) => match decoder.decode_eof()? {
                Some(Event::End { trailers }) => Some(trailers),
                _ => None,
            },
            Self::Responses { decoder, .. } => match decoder.decode_eof()? {
                Some(ResponseEvent::End { trailers }) => Some(trailers),
                _ => None,
            },
        };
        Ok(trailers.map(Part::End))
    }

    /// Bytes taken so far.
    pub(in crate::inspect) const fn position(&self) -> u64 {
        match self {
            Self::Requests(decoder) => decoder.position(),
            Self::Responses { decoder, .. } => decoder.position(),
        }
    }
}

fn response_part(event: ResponseEvent<'_>) -> Part<'_> {
    match event {
        ResponseEvent::Informational(head) => Part::Informational(head),
        ResponseEvent::Response { head, body } => Part::Response(head, body),
        ResponseEvent::Data(data) => Part::Data(data),
        ResponseEvent::End { trailers } => Part::End(trailers),
        _ => Part::Paused,
    }
}
