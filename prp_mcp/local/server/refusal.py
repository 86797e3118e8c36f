"""How the workspace says no: an error in Databricks' shape."""


class ApiError(Exception):
    """Answer with an error in Databricks' shape: `{"error_code", "message"}`."""

    def __init__(self, status: int, code: str, message: str):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def invalid(message: str) -> ApiError:
    """Return the refusal of a malformed request."""
    return ApiError(400, "INVALID_PARAMETER_VALUE", message)
