"""The same predictions without any of the project: `bare_onnx.py MODEL SOURCE TARGET ID`.

What a person would write for one file: read chunks, feed the graph, write what it gives.
"""

import sys

import numpy as np
import onnxruntime
import pyarrow as pa
import pyarrow.parquet as pq

CHUNK_ROWS = 65_536  # as in contender.inference


def main() -> None:
    """Write id and prediction of each row."""
    model, source, target, row_id = sys.argv[1:]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    texts = {item.name: "string" in item.type for item in session.get_inputs()}
    output = session.get_outputs()[0].name
    fields = pa.schema([(row_id, pa.string()), (output, pa.float32())])
    with pq.ParquetFile(source) as file, pq.ParquetWriter(target, fields) as writer:
        for batch in file.iter_batches(CHUNK_ROWS, columns=[row_id, *texts]):
            feed = {name: to_input(batch.column(name), text) for name, text in texts.items()}
            predictions = session.run([output], feed)[0]
            columns = [batch.column(row_id), pa.array(predictions)]
            writer.write_batch(pa.record_batch(columns, schema=fields))


def to_input(values: pa.Array, is_text: bool) -> np.ndarray:
    """The values as the graph takes them: float32 with NaN, or text with "" for missing."""
    if is_text:
        return values.cast(pa.string()).fill_null("").to_numpy(zero_copy_only=False)
    return values.to_numpy(zero_copy_only=False).astype(np.float32)


if __name__ == "__main__":
    main()
